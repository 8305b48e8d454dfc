import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as sdk from '@hearth/sdk'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CliBed } from '../cli/support/cli-bed.ts'
import { exampleModule, givenModule, runnerModule } from './support/example-module.ts'
import { examplesOfPage, examplesOfSources, exportedNames } from './support/examples.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const sources = join(root, 'packages/sdk/src')

const exported = exportedNames(join(sources, 'index.ts'))
const examples = [...examplesOfSources(sources), ...examplesOfPage(join(root, 'packages/sdk/README.md'))]
const modules = examples.map((example, index) => ({ example, file: `example-${index}.ts` }))
let folder: string
let bed: CliBed

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hx-'))
  const values = Object.keys(sdk)
  const names = { values, types: exported.filter((name) => !values.includes(name)) }
  for (const { example, file } of modules) writeFileSync(join(folder, file), exampleModule(example, names))
  writeFileSync(join(folder, 'given.ts'), givenModule)
  writeFileSync(join(folder, 'runner.mjs'), runnerModule)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  mkdirSync(join(folder, 'node_modules/@hearth'), { recursive: true })
  symlinkSync(join(root, 'packages/sdk'), join(folder, 'node_modules/@hearth/sdk'))
  bed = await CliBed.pretended('--port', '0')
})

afterAll(async () => {
  await bed.stop()
  rmSync(folder, { recursive: true, force: true })
})

const nameOf = (file: string) => {
  const { example } = modules.find((module) => file.endsWith(module.file)) ?? {}
  return `${example?.name} (${example?.source})`
}

it('stand at everything that is exported', () => {
  expect(exported.length).toBeGreaterThan(60)
  const shown = new Set(examples.map(({ name }) => name))
  expect(exported.filter((name) => !shown.has(name))).toEqual([])
})

it('compile', async () => {
  const compilerOptions = {
    noEmit: true,
    composite: false,
    declaration: false,
    sourceMap: false,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    typeRoots: [join(root, 'node_modules/@types')],
  }
  const config = { extends: join(root, 'tsconfig.base.json'), compilerOptions, include: ['*.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const compiling = run(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { cwd: folder }).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout.replaceAll(/example-\d+\.ts/g, (file) => `${nameOf(file)}`),
  )
  expect(await compiling).toBe('')
})

it('do what they say', async () => {
  const files = modules.map(({ file }) => join(folder, file))
  const { stdout } = await run(process.execPath, ['--conditions=hearth-source', join(folder, 'runner.mjs'), ...files], {
    env: { ...process.env, CONNECTION: JSON.stringify(bed.remote) },
  })
  const failures = (JSON.parse(stdout) as { file: string; error: string }[]).map(({ file, error }) => `${nameOf(file)}: ${error}`)
  expect(failures).toEqual([])
})
