import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { errorStatus } from '@hearth/model'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const generated = new Set(['node_modules', 'dist', 'build', 'target', '.git', 'coverage', 'generated'])
const files = filesBelow(root)
const ours = files.filter((file) => /\.(ts|tsx|mjs|cjs|js|rs)$/.test(file))
// Doubles and benches of tests may lie beside the code, named so that nobody takes them for it.
const forTests = /\.test\.ts$|\/(testing|doubles|real)\/|-under-test\.ts$|\/fake-[^/]*\.ts$|^packages\/conformance\//
const shipped = ours.filter((file) => /^packages\/[^/]+\/(src|bin)\//.test(file) && !forTests.test(file))

const isMain = (file: string) => /(^|\/)main\.(ts|mjs)$/.test(file) || /^packages\/[^/]+\/bin\//.test(file)

it('looks at the files of this repository', () => {
  expect(shipped).toContain('packages/model/src/errors.ts')
  expect(ours).toContain('tools/setup/main.mjs')
})

it('reads the environment in main files and config folders only', () => {
  expect(
    having(
      /\bprocess\.env\b/,
      shipped.filter((file) => !isMain(file) && !file.includes('/config/')),
    ),
  ).toEqual([])
})

it('takes time and chance from clocks and main files only', () => {
  const pattern = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/
  expect(
    having(
      pattern,
      shipped.filter((file) => !isMain(file) && basename(file) !== 'clock.ts'),
    ),
  ).toEqual([])
})

it('keeps every source file at 400 lines or fewer', () => {
  const long = ours.map((file) => ({ file, lines: read(file).trimEnd().split('\n').length })).filter(({ lines }) => lines > 400)
  expect(long).toEqual([])
})

it('names no folder and no file after nothing in particular', () => {
  const drawer = /^(utils?|common|helpers?|misc|manager)(\.|$)/i
  expect(files.filter((file) => file.split('/').some((part) => drawer.test(part)))).toEqual([])
})

it('holds no path of the computer it was written on', () => {
  // Composed, so that this file does not hold them either.
  const home = ['/root', '/home/user'].includes(homedir()) ? [] : [`${homedir()}/`]
  const paths = ['/work/' + 'main', '/work/' + 'shared', '/tmp/' + 'n24', '/Us' + 'ers/', ...home]
  const text = files.filter((file) => !/\.(bin|hex|gz|zst)$/.test(file))
  expect(text.filter((file) => paths.some((path) => read(file).includes(path)))).toEqual([])
})

it('starts no shell', () => {
  expect(having(/\bexecSync\(|\bshell: true|[^.\w]exec\(['"`]/, shipped)).toEqual([])
})

it('swallows no error without saying why', () => {
  expect(having(/catch\s*(\([^)]*\))?\s*\{\s*\}/, ours)).toEqual([])
  expect(shipped.flatMap(unexplainedSilences)).toEqual([])
})

it('leaves nothing to be done later', () => {
  // Composed, so that this file does not hold them.
  expect(having(new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`), ours)).toEqual([])
})

it('leaves no test out by accident', () => {
  const tests = ours.filter((file) => file.endsWith('.test.ts'))
  expect(having(/\b(it|test|describe)\.(only|skip|todo)\(/, tests)).toEqual([])
})

it('explains every error code, and none that does not exist', () => {
  const page = 'docs/reference/errors.md'
  const explained = [...read(page).matchAll(/^#+ `([a-z_]+)`/gm)].map((match) => match[1])
  expect(explained.sort()).toEqual(Object.keys(errorStatus).sort())
})

/** Lines that drop a rejection, with no comment in them or above them. */
function unexplainedSilences(file: string): string[] {
  const lines = read(file).split('\n')
  const isExplained = (index: number) => lines.slice(Math.max(0, index - 2), index + 1).some((line) => /\/\/|\*/.test(line))
  const silent = (line: string) => /\.catch\(\(\)\s*=>\s*(\{\s*\}|undefined)\)/.test(line)
  return lines.flatMap((line, index) => (silent(line) && !isExplained(index) ? [`${file}:${index + 1}`] : []))
}

function having(pattern: RegExp, among: readonly string[]): string[] {
  return among.filter((file) => pattern.test(read(file)))
}

function read(file: string): string {
  const path = join(root, file)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (generated.has(entry.name)) return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesBelow(path)
    return entry.isFile() ? [relative(root, path)] : []
  })
}
