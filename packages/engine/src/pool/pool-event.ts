import { type NewEvent, type Pool, templateRef } from '@hearth/model'

/** What a pool's events say of it; `not_progressing` and `progressing` are about its refill alone. */
export type PoolEventState = Pool['state'] | 'not_progressing' | 'progressing'

/** What is recorded when a pool is set, drained or removed, and when a rollout or its refill begins, ends or gets stuck. */
export function poolEvent(
  pool: Omit<Pool, 'rev'>,
  at: number,
  news: { readonly state?: PoolEventState; readonly removed?: boolean; readonly reason?: string } = {},
): NewEvent {
  const { name, template, version, settings, rollout } = pool
  return {
    at,
    kind: 'pool',
    id: name,
    state: news.state ?? pool.state,
    removed: news.removed ?? false,
    data: {
      template: templateRef(template, version),
      min: settings.min,
      max: settings.max,
      ...(rollout && {
        rollout: { version: rollout.version, state: rollout.state, ...(rollout.reason && { reason: rollout.reason }) },
      }),
      ...(news.reason !== undefined && { reason: news.reason }),
    },
  }
}
