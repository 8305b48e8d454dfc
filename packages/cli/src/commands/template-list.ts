import type { Context } from '../context.ts'
import { templateTable } from '../output/template-text.ts'

/** `hearth template list` */
export async function templateList(context: Context): Promise<void> {
  const hearth = await context.connect()
  const templates = await hearth.templates.list({ signal: context.signal })
  context.print(templates, () => templateTable(templates, context.now()))
}
