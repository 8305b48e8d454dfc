import type { HearthEvent } from '@hearth/sdk'
import type { Context } from '../context.ts'
import { printable } from '../output/table.ts'
import { writeOut } from '../output/write-out.ts'

export interface EventsOptions {
  readonly follow?: true | undefined
  readonly after?: number | undefined
  readonly kind?: HearthEvent['kind'][] | undefined
  readonly allNamespaces?: true | undefined
}

/** `hearth events`: one line each, with --json one JSON object each. Ends when all is told, with --follow at Ctrl-C. */
export async function events(context: Context, { follow, after, kind, allNamespaces }: EventsOptions): Promise<void> {
  const hearth = await context.connect()
  const { signal } = context
  const options = {
    after: after ?? (follow ? undefined : 0),
    until: follow ? undefined : ('now' as const),
    kind,
    signal,
    onReconnect: ({ attempt }: { attempt: number }) => {
      if (attempt === 1) context.say('the connection was lost; trying again')
    },
    onGap: (gap: { after: number; oldest: number }) =>
      context.say(`events behind ${gap.after} are not kept any more; these begin at ${gap.oldest}`),
  }
  const stream = allNamespaces ? hearth.events(options) : hearth.in(context.namespace).events(options)
  for await (const event of stream) {
    const line = context.json ? JSON.stringify(event) : eventText(event)
    await writeOut(process.stdout, new TextEncoder().encode(`${line}\n`))
  }
}

function eventText({ seq, at, kind, id, namespace, state, removed, data }: HearthEvent): string {
  const facts = Object.entries(data).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const where = namespace === undefined || namespace === 'default' ? [] : [`namespace=${namespace}`]
  return printable([String(seq), at, kind, id, removed ? 'removed' : state, ...where, ...facts].join('  '))
}
