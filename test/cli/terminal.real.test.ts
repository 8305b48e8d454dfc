import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CliBed, hearthProgram } from './support/cli-bed.ts'
import { OnTerminal } from './support/on-terminal.ts'

let bed: CliBed

beforeAll(async () => {
  bed = await CliBed.pretended()
  await bed.hearth(['template', 'build', 'base', 'builtin:base'])
  await bed.hearth(['launch', 'base', '--name', 'web'])
})

afterAll(() => bed.stop())

it('gives a program a terminal of the size of this one, passes Ctrl-C to it and its exit code back', async () => {
  const terminal = new OnTerminal(bed.home, 'stty cols 91 rows 17; hearth exec -it web sh')
  await terminal.shows(/[#$] /)
  terminal.type('tty; stty size; echo over-$((1 + 1))\n')
  await terminal.shows('over-2')
  expect(terminal.screen).toMatch(/\/dev\/pts\/\d+[\r\n]+17 91[\r\n]/)
  terminal.type('sleep 600; echo stopped-$((1 + 2))\n')
  await terminal.shows('sleep 600')
  terminal.type('\u0003')
  terminal.type('echo alive-$((2 + 2))\n')
  await terminal.shows('alive-4')
  terminal.type('exit 5\n')
  expect(await terminal.exitCode()).toBe(5)
})

it.each([
  ['the program has ended', 'hearth exec -it web true'],
  ['the command is ended by a signal', 'sh -c \'exec hearth exec -it -e P=$$ web -- sh -c "kill -TERM \\$P; sleep 600"\''],
  ['there is no such machine', 'hearth exec -it nobody true; true'],
])('gives the terminal back when %s', async (_when, line) => {
  const terminal = new OnTerminal(
    bed.home,
    `stty -a > $HEARTH_HOME/before; ${line}; stty -a > $HEARTH_HOME/after; cmp $HEARTH_HOME/before $HEARTH_HOME/after`,
  )
  expect([await terminal.exitCode(), terminal.screen]).toEqual([0, expect.any(String)])
})

it('completes commands and names of machines in bash', async () => {
  const folder = join(bed.home, 'bin')
  mkdirSync(folder)
  symlinkSync(hearthProgram, join(folder, 'hearth'))
  symlinkSync(process.execPath, join(folder, 'node'))
  const terminal = new OnTerminal(bed.home, `PATH=${folder}:$PATH exec bash --norc --noprofile -i`)
  terminal.type('source <(hearth completion bash); echo loaded-$((1 + 1))\n')
  await terminal.shows('loaded-2')
  terminal.type('hearth rec\t')
  await terminal.shows('hearth receipt ')
  terminal.type('we\t')
  await terminal.shows('hearth receipt web ')
  terminal.type('\u0015exit\n')
  expect(await terminal.exitCode()).toBe(0)
})
