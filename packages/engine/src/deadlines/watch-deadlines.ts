import type { Context } from '../context.ts'

/** From now on each machine of this host is looked at when its time is over. Returns the way to stop. */
export function watchDeadlines(context: Context): () => void {
  const stop = context.events.subscribe(({ kind, row }) => {
    if (kind === 'machine' && row.host === context.host) context.deadlines.note(row)
  })
  return () => {
    stop()
    context.deadlines.close()
  }
}

/** Reads them all: those that were set by an earlier server, and those that another server has moved. */
export async function readDeadlines(context: Context): Promise<void> {
  for (const row of await context.store.machines.live({ host: context.host })) context.deadlines.note(row)
}
