import { HearthError, type Name, type Template, templateRef } from '@hearth/model'
import type { Context } from '../context.ts'

/** One version, or the newest ready one, or the newest. @throws HearthError `template_not_found` */
export async function findTemplate(context: Pick<Context, 'store'>, name: Name, version?: number): Promise<Template> {
  const found =
    version === undefined ? await newest(context, name) : await context.store.templates.get(templateRef(name, version))
  if (found) return found
  const text = version === undefined ? name : templateRef(name, version)
  throw new HearthError('template_not_found', `there is no template ${JSON.stringify(text)}`, {
    hint: 'List them with "hearth template list".',
  })
}

async function newest(context: Pick<Context, 'store'>, name: Name): Promise<Template | undefined> {
  const versions = await context.store.templates.versions(name)
  return versions.find((each) => each.state === 'ready') ?? versions[0]
}
