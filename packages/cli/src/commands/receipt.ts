import type { Context } from '../context.ts'
import { receiptText } from '../output/machine-text.ts'

/** `hearth receipt MACHINE` */
export async function receipt(context: Context, ref: string): Promise<void> {
  const hearth = await context.connect()
  const data = await hearth.machines.ref(ref).receipt({ signal: context.signal })
  context.print(data, () => receiptText(data))
}
