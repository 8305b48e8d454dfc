import type { PoolRequest, ScaleRequest } from '@hearth/engine'
import type { poolRolloutStartSchema, poolScaleQuerySchema, poolSetSchema } from '@hearth/protocol'
import type * as z from 'zod'

/** What a pool is to be, as the engine knows it. */
export function poolRequest({ template, resources, settings, cutOver }: z.output<typeof poolSetSchema>): PoolRequest {
  return {
    ...(template !== undefined && { template }),
    ...(resources !== undefined && { resources: present(resources) }),
    settings: present(settings) as NonNullable<PoolRequest['settings']>,
    cutOver,
  }
}

/** A rollout, as the engine knows it. */
export function rolloutRequest(body: z.output<typeof poolRolloutStartSchema>) {
  const { version, ...rest } = body
  return { version, ...present(rest) }
}

/** What autoscale is to reckon with. */
export function scaleRequest(query: z.output<typeof poolScaleQuerySchema>): ScaleRequest {
  return present(query)
}

type Present<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> }

/** Without the fields that are `undefined`: to the engine they are not there. */
function present<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Present<T>
}
