import { iterateBytes } from '@hearth/sdk'
import type { Context } from '../context.ts'
import { writeOut } from '../output/write-out.ts'

export interface LogsOptions {
  readonly follow?: true | undefined
  readonly tail?: number | undefined
}

/** `hearth logs MACHINE`: the bytes of its console, as they are. */
export async function logs(context: Context, ref: string, options: LogsOptions): Promise<void> {
  const hearth = await context.connect()
  const { follow = false, tail } = options
  const request = { follow, ...(tail === undefined ? {} : { maxBytes: tail }), signal: context.signal }
  for await (const chunk of iterateBytes(await hearth.machines.ref(ref).logs(request))) await writeOut(process.stdout, chunk)
}
