import type { ExecProcess, Hearth } from '@hearth/sdk'
import { usageError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { parseVariables } from '../input/pairs.ts'
import { withoutDashes } from '../input/without-dashes.ts'
import { writeOut } from '../output/write-out.ts'
import { type LocalTerminal, localTerminal } from '../terminal/local-terminal.ts'
import { sendStdin } from '../terminal/send-stdin.ts'

export interface ExecOptions {
  readonly interactive?: true | undefined
  readonly tty?: true | undefined
  readonly detach?: true | undefined
  readonly attach?: string | undefined
  readonly env?: readonly string[] | undefined
  readonly workdir?: string | undefined
  readonly user?: string | undefined
  readonly tag?: string | undefined
}

/** `hearth exec MACHINE [--] PROGRAM…`: resolves to the program's exit code. */
export async function exec(context: Context, ref: string, words: readonly string[], options: ExecOptions): Promise<number> {
  const argv = withoutDashes(words)
  checkUsage(argv, options)
  // Parsed before a server is started for nothing.
  const env = parseVariables('--env', options.env, context.env)
  const hearth = await context.connect({ sockets: true })
  const terminal = options.tty ? localTerminal() : undefined
  const process = await open(hearth, context, ref, argv, options, env, terminal)
  if (options.detach) {
    const data = { execId: process.execId, pid: process.pid, tag: options.tag }
    context.print(data, () => String(process.execId))
    process.close()
    return 0
  }
  if (process.lostBytes > 0) context.say(`${process.lostBytes} bytes of earlier output are gone`)
  return await converse(context, process, options, terminal)
}

function checkUsage(argv: readonly string[], options: ExecOptions): void {
  if (options.attach === undefined && argv.length === 0)
    throw usageError('which program?', 'For example: hearth exec MACHINE -- ls -l /')
  if (options.attach !== undefined && argv.length > 0) throw usageError('--attach and a program exclude each other')
  if (options.detach && (options.tty || options.interactive || options.attach !== undefined)) {
    throw usageError('--detach excludes --interactive, --tty and --attach')
  }
  if (options.tty && !process.stdin.isTTY) {
    throw usageError('--tty needs a terminal, and stdin is none', 'Leave --tty out; --interactive alone sends stdin.')
  }
}

function open(
  hearth: Hearth,
  { signal }: Context,
  ref: string,
  argv: readonly string[],
  options: ExecOptions,
  env: Record<string, string>,
  terminal: LocalTerminal | undefined,
): Promise<ExecProcess> {
  const machine = hearth.machines.ref(ref)
  if (options.attach !== undefined) {
    const target = /^[0-9]+$/.test(options.attach) ? Number(options.attach) : options.attach
    return machine.attach(target, { detach: true, signal })
  }
  const [program = '', ...args] = argv
  return machine.spawn(program, args, {
    env,
    ...(options.workdir === undefined ? {} : { cwd: options.workdir }),
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.tag === undefined ? {} : { tag: options.tag }),
    ...(terminal ? { pty: terminal.size() } : {}),
    stdin: options.interactive ?? false,
    detach: options.detach ?? false,
    signal,
  })
}

/** Carries input and output until the program has ended. The terminal is as it was before, whatever happens. */
async function converse(
  context: Context,
  program: ExecProcess,
  options: ExecOptions,
  terminal: LocalTerminal | undefined,
): Promise<number> {
  const over = new AbortController()
  try {
    if (terminal) {
      terminal.begin((cols, rows) => program.resize(cols, rows))
      if (options.attach !== undefined) await program.resize(terminal.size().cols, terminal.size().rows)
    }
    const input = options.interactive ? sendStdin(program, over.signal) : Promise.resolve()
    const output = printOutput(program)
    // Input that fails ends the conversation; input that ends does not.
    await Promise.race([output, input.then(() => output)])
    return (await output).code
  } finally {
    over.abort()
    terminal?.restore()
    program.close()
    context.log.debug('exec.over', { execId: program.execId })
  }
}

async function printOutput(program: ExecProcess) {
  for await (const { stream, bytes } of program) await writeOut(process[stream], bytes)
  return await program.wait()
}
