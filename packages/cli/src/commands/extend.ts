import type { Context } from '../context.ts'

/** `hearth extend MACHINE DURATION` */
export async function extend(context: Context, ref: string, lifeTimeMs: number): Promise<void> {
  const hearth = await context.connect()
  const { data } = await hearth.machines.ref(ref).extend(lifeTimeMs, { signal: context.signal })
  context.print(data, () => `${data.name ?? data.id} lives until ${data.deadlineAt ?? 'it is ended'}`)
}
