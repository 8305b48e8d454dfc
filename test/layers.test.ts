import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

/** dependency-cruiser that cannot read TypeScript reads nothing and passes: so each rule must catch a violation of its own. */
const planted: Record<string, { readonly file: string; readonly text: string }[]> = {
  'no-cycles': [
    { file: 'packages/store/src/one.ts', text: "import { two } from './two.ts'\nexport const one = two" },
    { file: 'packages/store/src/two.ts', text: "import { one } from './one.ts'\nexport const two = one" },
  ],
  'no-unresolved': [{ file: 'packages/store/src/lost.ts', text: "import { lost } from './not-there.ts'\nexport { lost }" }],
  'model-imports-nothing': [
    { file: 'packages/model/src/reads.ts', text: "import { readFileSync } from 'node:fs'\nexport { readFileSync }" },
  ],
  'model-types-from-node-only': [
    { file: 'packages/model/src/schema.ts', text: "import type { ZodType } from 'zod'\nexport type Schema = ZodType" },
  ],
  'conformance-imports': [upward('conformance', 'engine')],
  'engine-imports': [upward('engine', 'drivers')],
  'store-imports': [upward('store', 'server')],
  'drivers-imports': [upward('drivers', 'engine')],
  'protocol-imports': [upward('protocol', 'sdk')],
  'sdk-imports': [upward('sdk', 'server')],
  'cli-imports': [upward('cli', 'engine')],
  'server-imports': [upward('server', 'cli')],
  'conformance-in-tests-only': [
    { file: 'packages/engine/src/suite.ts', text: "import type { Thing } from '@hearth/conformance'\nexport type Suite = Thing" },
  ],
  'clients-import-types-only': [
    { file: 'packages/sdk/src/code.ts', text: "import { thing } from '@hearth/protocol'\nexport { thing }" },
  ],
  'drivers-are-strangers': [
    { file: 'packages/drivers/src/qemu/qmp.ts', text: 'export const qmp = 1' },
    { file: 'packages/drivers/src/docker/borrow.ts', text: "import { qmp } from '../qemu/qmp.ts'\nexport { qmp }" },
  ],
  'parts-are-put-together-in-main': [
    { file: 'packages/server/src/http/routes.ts', text: "import { thing } from '@hearth/drivers'\nexport { thing }" },
  ],
  'packages-by-name': [
    { file: 'packages/engine/src/inside.ts', text: "import { thing } from '../../model/src/index.ts'\nexport { thing }" },
  ],
  'packages-know-no-tools': [
    { file: 'tools/thing.mjs', text: 'export const thing = 1' },
    { file: 'packages/store/src/tool.ts', text: "import { thing } from '../../../tools/thing.mjs'\nexport { thing }" },
  ],
}

/** What must stay allowed; a rule that forbids everything would catch its violation too. */
const allowed = [
  { file: 'packages/model/src/streams.ts', text: "import type { Duplex } from 'node:stream'\nexport type Bytes = Duplex" },
  { file: 'packages/engine/src/plan.ts', text: "import { thing } from '@hearth/model'\nexport { thing }" },
  { file: 'packages/engine/src/plan.test.ts', text: "import { thing } from '@hearth/conformance'\nexport { thing }" },
  { file: 'packages/sdk/src/types.ts', text: "import type { Thing } from '@hearth/protocol'\nexport type Api = Thing" },
  { file: 'packages/cli/src/command.ts', text: "import { thing } from '@hearth/sdk'\nexport { thing }" },
  { file: 'packages/server/src/main.ts', text: "import { thing } from '@hearth/drivers'\nexport { thing }" },
]

const repository = join(import.meta.dirname, '..')
const packages = readdirSync(join(repository, 'packages'))
let folder: string
let violations: { readonly rule: string; readonly from: string }[]

beforeAll(() => {
  mkdirSync(join(repository, 'build'), { recursive: true })
  folder = mkdtempSync(join(repository, 'build/layers-'))
  plantPackages()
  for (const { file, text } of [...Object.values(planted).flat(), ...allowed]) write(file, `${text}\n`)
  violations = cruise()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it.each(Object.entries(planted))('%s catches its violation', (rule, files) => {
  const caught = violations.filter((violation) => violation.rule === rule && files.some(({ file }) => file === violation.from))
  expect(caught).not.toEqual([])
})

it('has a planted violation for every rule', () => {
  const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as { forbidden: { name: string }[] }
  expect(Object.keys(planted).sort()).toEqual(forbidden.map((rule) => rule.name).sort())
})

it('allows what the layers allow', () => {
  const files = allowed.map((each) => each.file)
  expect(violations.filter((violation) => files.includes(violation.from))).toEqual([])
})

it('runs with TypeScript 7 as tsc and TypeScript 6 as the library that dependency-cruiser reads with', () => {
  const tsc = execFileSync(join(repository, 'node_modules/.bin/tsc'), ['--version'], { encoding: 'utf8' })
  expect(tsc).toMatch(/^Version 7\./)
  const fromCruiser = createRequire(join(repository, 'node_modules/dependency-cruiser/package.json'))
  expect((fromCruiser('typescript') as { version: string }).version).toMatch(/^6\./)
})

function upward(from: string, to: string) {
  return { file: `packages/${from}/src/upward.ts`, text: `import type { Thing } from '@hearth/${to}'\nexport type Up = Thing` }
}

/** Our packages with nothing in them but a door, linked as npm links workspaces. */
function plantPackages() {
  mkdirSync(join(folder, 'node_modules/@hearth'), { recursive: true })
  for (const name of packages) {
    write(`packages/${name}/src/index.ts`, 'export const thing = 1\nexport type Thing = string\n')
    cpSync(join(repository, 'packages', name, 'package.json'), join(folder, 'packages', name, 'package.json'))
    symlinkSync(join('../../packages', name), join(folder, 'node_modules/@hearth', name))
  }
  symlinkSync(join(repository, 'node_modules/zod'), join(folder, 'node_modules/zod'))
  for (const name of ['tsconfig.base.json', 'tsconfig.check.json', '.dependency-cruiser.cjs']) {
    cpSync(join(repository, name), join(folder, name))
  }
}

function write(file: string, text: string) {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}

function cruise() {
  const cruiser = join(repository, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const args = [cruiser, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'packages', 'tools']
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (stdout === '') throw new Error(stderr)
  const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string }; from: string }[] } }
  return summary.violations.map(({ rule, from }) => ({ rule: rule.name, from }))
}
