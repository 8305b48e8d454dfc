import type { Context } from '../context.ts'
import { keyText } from '../output/key-text.ts'

/** `hearth key show [KEY]` */
export async function keyShow(context: Context, id: string | undefined): Promise<void> {
  const { keys } = await context.connect()
  const { signal } = context
  const key = id === undefined ? await keys.self({ signal }) : await keys.get(id, { signal })
  context.print(key, () => keyText(key))
}
