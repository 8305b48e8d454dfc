import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { waitUntil } from '../support/wait-until.ts'
import { CliBed } from './support/cli-bed.ts'

let bed: CliBed
let here: string

beforeAll(async () => {
  bed = await CliBed.pretended()
  await bed.hearth(['template', 'build', 'base', 'builtin:base'])
  await bed.hearth(['launch', 'base', '--name', 'web'])
})

afterAll(() => bed.stop())

beforeEach(() => {
  here = mkdtempSync(join(tmpdir(), 'cp-'))
})

afterEach(() => rmSync(here, { recursive: true, force: true }))

const cp = (...args: string[]) => bed.hearth(['cp', ...args], { cwd: here })
const inside = async (script: string) => (await bed.hearth(['exec', 'web', '--', 'sh', '-c', `cd $GUEST; ${script}`])).stdout

it('copies a file both ways, with its mode and every byte', async () => {
  const content = randomBytes(3_000_000)
  writeFileSync(join(here, 'data'), content)
  chmodSync(join(here, 'data'), 0o751)
  expect(await cp('data', 'web:/tmp/data')).toMatchObject({ code: 0, stdout: '' })
  expect(await inside('stat -c %a tmp/data')).toBe('751\n')
  expect((await cp('web:/tmp/data', 'back')).code).toBe(0)
  expect(readFileSync(join(here, 'back')).equals(content)).toBe(true)
  expect(statSync(join(here, 'back')).mode & 0o777).toBe(0o751)
})

it('copies a folder both ways, with links as links and modes of folders', async () => {
  mkdirSync(join(here, 'd/inner'), { recursive: true })
  writeFileSync(join(here, 'd/one'), '1')
  writeFileSync(join(here, 'd/inner/two'), '2')
  symlinkSync('../one', join(here, 'd/inner/link'))
  chmodSync(join(here, 'd/inner'), 0o500)
  expect((await cp('d', 'web:/tmp')).code).toBe(0)
  expect(await inside('cd tmp/d; find . | sort; readlink inner/link')).toBe(
    '.\n./inner\n./inner/link\n./inner/two\n./one\n../one\n',
  )
  expect((await cp('web:/tmp/d', 'out')).code).toBe(0)
  expect(readFileSync(join(here, 'out/inner/two'), 'utf8')).toBe('2')
  expect(readlinkSync(join(here, 'out/inner/link'))).toBe('../one')
  expect(statSync(join(here, 'out/inner')).mode & 0o777).toBe(0o500)
})

it('copies into a folder that is there, and what is in a folder with "/."', async () => {
  mkdirSync(join(here, 'src'))
  mkdirSync(join(here, 'into'))
  writeFileSync(join(here, 'src/f'), 'f')
  await cp('src', 'web:/tmp/shape')
  await cp('src', 'web:/tmp/shape')
  expect(await inside('cd tmp/shape; find . -type f | sort')).toBe('./f\n./src/f\n')
  await cp('src/.', 'web:/tmp/flat')
  expect(await inside('ls tmp/flat')).toBe('f\n')
  await cp('web:/tmp/flat', 'into')
  await cp('web:/tmp/flat/.', 'into')
  expect(readdirSync(join(here, 'into')).sort()).toEqual(['f', 'flat'])
})

it('copies stdin into a machine and a file to stdout', async () => {
  expect((await bed.hearth(['cp', '-', 'web:/tmp/in'], { input: 'from stdin' })).code).toBe(0)
  expect((await cp('web:/tmp/in', '-')).stdout).toBe('from stdin')
})

it('says what it copied, as data', async () => {
  writeFileSync(join(here, 'f'), '12345')
  expect(JSON.parse((await cp('--json', 'f', 'web:/tmp/f')).stdout)).toEqual({ files: 1, bytes: 5 })
})

it('refuses what is not there, on either side, and two sides of one kind', async () => {
  expect(await cp('nothing', 'web:/tmp/x')).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing cannot be read') })
  expect(await cp('web:/nothing', 'x')).toMatchObject({ code: 1, stderr: expect.stringContaining('/nothing') })
  expect(await cp('a', 'b')).toMatchObject({ code: 2, stderr: expect.stringContaining('neither side is in a machine') })
  expect(await cp('web:/a', 'web:/b')).toMatchObject({ code: 2 })
  writeFileSync(join(here, 'f'), '')
  expect(await cp('f', 'web:/tmp/none/')).toMatchObject({ code: 1, stderr: expect.stringContaining('no directory') })
  expect(readdirSync(here)).toEqual(['f'])
})

it('does not write through a link that lies where a folder is to be', async () => {
  mkdirSync(join(here, 'elsewhere'))
  mkdirSync(join(here, 'out'))
  symlinkSync('../elsewhere', join(here, 'out/sub'))
  await inside('mkdir -p tmp/tree/sub; echo x > tmp/tree/sub/f')
  const { code, stderr } = await cp('web:/tmp/tree/.', 'out')
  expect([code, stderr]).toEqual([1, expect.stringContaining('in the way')])
  expect(readdirSync(join(here, 'elsewhere'))).toEqual([])
})

it('leaves no part of a file when it is interrupted, on either side', async () => {
  await inside('truncate -s 20G tmp/huge')
  const out = bed.begin(['cp', 'web:/tmp/huge', join(here, 'huge')])
  await waitUntil('the copy to begin', () => readdirSync(here).some((name) => name.endsWith('.part')))
  out.child.kill('SIGINT')
  expect((await out.ended).code).toBe(130)
  expect(readdirSync(here)).toEqual([])

  const into = bed.begin(['cp', '-', 'web:/tmp/never'], { input: 'a beginning', keepOpen: true })
  await waitUntil('the copy to begin', async () => (await inside('ls tmp')).includes('never'))
  into.child.kill('SIGINT')
  expect((await into.ended).code).toBe(130)
  await waitUntil('the part to be removed', async () => !(await inside('ls tmp')).includes('never'))
  await inside('rm tmp/huge')
})

it('leaves out what is neither file, folder nor link, and says so', async () => {
  await inside('mkdir -p tmp/odd; mkfifo tmp/odd/pipe; echo x > tmp/odd/f')
  const { code, stderr } = await cp('web:/tmp/odd', 'odd')
  expect([code, stderr, readdirSync(join(here, 'odd'))]).toEqual([0, expect.stringContaining('left out: /tmp/odd/pipe'), ['f']])
})
