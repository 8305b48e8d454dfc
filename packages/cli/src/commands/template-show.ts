import type { Context } from '../context.ts'
import { templateText } from '../output/template-text.ts'

/** `hearth template show TEMPLATE` */
export async function templateShow(context: Context, ref: string): Promise<void> {
  const hearth = await context.connect()
  const template = await hearth.templates.get(ref, { signal: context.signal })
  context.print(template, () => templateText(template))
}
