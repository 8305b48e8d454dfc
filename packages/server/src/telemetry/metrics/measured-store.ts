import type { StateStore } from '@hearth/model'
import type { Instruments } from './instruments.ts'
import { codeOf } from './label-values.ts'

type Measure = (table: string, operation: string, tookMs: number, error?: unknown) => void

/**
 * The same store, with the time of every operation measured. Table and operation are names of the port's own properties,
 * so the labels are a closed set.
 */
export function measuredStore(store: StateStore, metrics: Instruments, monotonicMs: () => number): StateStore {
  const measure: Measure = (table, operation, tookMs, error) => {
    metrics.storeSeconds.observe({ table, operation }, tookMs / 1000)
    if (error !== undefined) metrics.storeErrors.inc({ table, operation, code: codeOf(error) })
  }
  return measured(store, 'store', measure, monotonicMs)
}

/** `target`, whose methods that answer with a promise are measured, and whose tables are too. */
function measured<T extends object>(target: T, table: string, measure: Measure, monotonicMs: () => number): T {
  const seen = new Map<string, unknown>()
  const wrapped = (key: string, value: unknown): unknown => {
    if (typeof value === 'function') return measuredMethod(target, { table, operation: key, method: value, measure, monotonicMs })
    return typeof value === 'object' && value !== null ? measured(value, key, measure, monotonicMs) : value
  }
  return new Proxy(target, {
    get(_target, key) {
      // Called on the target itself: private fields of a class are out of a proxy's reach.
      const value: unknown = Reflect.get(target, key, target)
      if (typeof key === 'symbol') return value
      if (!seen.has(key)) seen.set(key, wrapped(key, value))
      return seen.get(key)
    },
  })
}

interface Method {
  readonly table: string
  readonly operation: string
  // biome-ignore lint/complexity/noBannedTypes: any method of the port
  readonly method: Function
  readonly measure: Measure
  readonly monotonicMs: () => number
}

function measuredMethod(target: object, { table, operation, method, measure, monotonicMs }: Method) {
  return (...args: unknown[]): unknown => {
    const startedMs = monotonicMs()
    const answer: unknown = Reflect.apply(method, target, args)
    if (!(answer instanceof Promise)) return answer
    answer.then(
      () => measure(table, operation, monotonicMs() - startedMs),
      (error) => measure(table, operation, monotonicMs() - startedMs, error),
    )
    return answer
  }
}
