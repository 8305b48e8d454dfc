import type { Context } from '../context.ts'
import { newKeyText } from '../output/key-text.ts'

/** `hearth key rotate KEY` */
export async function keyRotate(context: Context, id: string, graceMs: number): Promise<void> {
  const { keys } = await context.connect()
  const made = await keys.rotate(id, { graceMs, signal: context.signal })
  context.print(made, () => made.key)
  const until = graceMs === 0 ? 'is good no more' : `is good until ${new Date(context.now() + graceMs).toISOString()}`
  context.say(`${newKeyText(made)} ${id} ${until}.`)
}
