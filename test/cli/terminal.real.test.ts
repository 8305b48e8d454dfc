import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { waitUntil } from '../support/wait-until.ts'
import { CliBed, hearthProgram } from './support/cli-bed.ts'

let bed: CliBed

beforeAll(async () => {
  bed = await CliBed.start()
  await bed.hearth(['template', 'build', 'base', 'builtin:base'])
  await bed.hearth(['launch', 'base', '--name', 'web'])
})

afterAll(() => bed.stop())

/** A shell line on a terminal of its own, as script(1) makes one. `hearth` stands for the command line. */
class OnTerminal {
  readonly child: ChildProcess
  screen = ''

  constructor(line: string) {
    const full = line.replaceAll('hearth', `${process.execPath} ${hearthProgram}`)
    this.child = spawn('script', ['-qec', full, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, HEARTH_HOME: bed.home, HEARTH_LOG: '', SHELL: '/bin/sh', TERM: 'xterm' },
    })
    const output = this.child.stdout as Readable
    output.on('data', (chunk: Buffer) => {
      this.screen += chunk.toString()
    })
  }

  type(text: string): void {
    this.child.stdin?.write(text)
  }

  async shows(text: string | RegExp): Promise<void> {
    const isThere = () => (typeof text === 'string' ? this.screen.includes(text) : text.test(this.screen))
    await waitUntil(`${text} on the screen`, isThere, { signal: AbortSignal.timeout(30_000) }).catch((cause: Error) => {
      throw new Error(`${cause.message}; there is: ${JSON.stringify(this.screen)}`)
    })
  }

  async exitCode(): Promise<number | null> {
    if (this.child.exitCode === null) await once(this.child, 'exit')
    return this.child.exitCode
  }
}

it('gives a program a terminal of the size of this one, passes Ctrl-C to it and its exit code back', async () => {
  const terminal = new OnTerminal('stty cols 91 rows 17; hearth exec -it web sh')
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
    `stty -a > $HEARTH_HOME/before; ${line}; stty -a > $HEARTH_HOME/after; cmp $HEARTH_HOME/before $HEARTH_HOME/after`,
  )
  expect([await terminal.exitCode(), terminal.screen]).toEqual([0, expect.any(String)])
})
