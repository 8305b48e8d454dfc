import { addAbortSignal } from 'node:stream'
import type { ExecProcess } from '@hearth/sdk'

/** Sends stdin to a program until it ends (then the program hears of it) or `over` is aborted. Reads no faster than is sent. */
export async function sendStdin(program: ExecProcess, over: AbortSignal): Promise<void> {
  const { stdin } = process
  addAbortSignal(over, stdin)
  try {
    for await (const chunk of stdin) await program.write(chunk)
    await program.end()
  } catch (error) {
    if (!over.aborted) throw error
  }
}
