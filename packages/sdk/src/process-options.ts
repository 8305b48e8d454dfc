import type { ExecExit } from './exec.ts'
import type { ExecStart } from './messages.ts'
import type { Cancellable } from './options.ts'

/**
 * How a program is started.
 *
 * ```ts
 * const options: SpawnOptions = { cwd: '/tmp', env: { LANG: 'C' }, stdin: true }
 * const sorting = await machine.spawn('sort', [], options)
 * await sorting.write('b\na\n')
 * await sorting.end()
 * const { stdout } = await sorting.collect()
 * assert.equal(new TextDecoder().decode(stdout), 'a\nb\n')
 * ```
 */
export interface SpawnOptions extends Omit<ExecStart, 'argv'>, Cancellable {}

/**
 * How a program is run to its end.
 *
 * ```ts
 * const options: ExecOptions = { input: 'from stdin', env: { LANG: 'C' } }
 * assert.equal((await machine.exec('cat', [], options)).stdout, 'from stdin')
 * ```
 */
export interface ExecOptions extends Omit<SpawnOptions, 'stdin' | 'detach'> {
  /** Given to the program as its whole input. */
  readonly input?: string | Uint8Array | undefined
}

/**
 * How a program ended, and what it wrote, as UTF-8.
 *
 * ```ts
 * const ended: ExecText = await machine.exec('sh', ['-c', 'echo no >&2; exit 3'])
 * assert.deepEqual(ended, { code: 3, stdout: '', stderr: 'no\n' })
 * ```
 */
export interface ExecText extends ExecExit {
  readonly stdout: string
  readonly stderr: string
}

/**
 * How one goes on with a program.
 *
 * ```ts
 * await machine.spawn('sh', ['-c', 'read line; echo "heard $line"'], { tag: 'listener', stdin: true, detach: true })
 * const options: AttachOptions = { detach: true }
 * const again = await machine.attach('listener', options)
 * again.close()
 * ```
 */
export interface AttachOptions extends Cancellable {
  /** The program goes on when this side leaves. */
  readonly detach?: boolean | undefined
}
