import type { HearthError, StateStore } from '@hearth/model'

export interface Breakable {
  readonly store: StateStore
  /** Everything, or one table, rejects with `error`; without one it works again. */
  fail(error: HearthError | undefined, table?: string): void
}

/** The same store, until it is told to fail. */
export function breakable(inner: StateStore): Breakable {
  let planned: { readonly error: HearthError; readonly table: string | undefined } | undefined
  const wrapped = <T extends object>(target: T, table: string): T =>
    new Proxy(target, {
      get(_target, key) {
        const value: unknown = Reflect.get(target, key, target)
        if (typeof value === 'object' && value !== null) return wrapped(value, String(key))
        if (typeof value !== 'function' || key === 'close' || key === 'watch') return value
        return (...args: unknown[]): unknown => {
          const fails = planned && (planned.table === undefined || planned.table === `${table}.${String(key)}`)
          return fails ? Promise.reject(planned?.error) : Reflect.apply(value, target, args)
        }
      },
    })
  return {
    store: wrapped(inner, 'store'),
    fail: (error, table) => {
      planned = error && { error, table }
    },
  }
}
