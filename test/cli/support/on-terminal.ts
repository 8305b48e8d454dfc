import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { waitUntil } from '../../support/wait-until.ts'
import { hearthProgram } from './cli-bed.ts'

/** A shell line on a terminal of its own, as script(1) makes one. `hearth` stands for the command line. */
export class OnTerminal {
  readonly child: ChildProcess
  screen = ''

  constructor(home: string, line: string) {
    const full = line.replaceAll('hearth', `${process.execPath} ${hearthProgram}`)
    this.child = spawn('script', ['-qec', full, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, HEARTH_HOME: home, HEARTH_LOG: '', SHELL: '/bin/sh', TERM: 'xterm' },
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
