/**
 * How long a machine may live. (`timeoutMs` is how long a request may take.)
 *
 * ```ts
 * const short: LifeTime = { lifeTimeMs: 60_000, onTimeout: 'destroy' }
 * await using machine = await hearth.launch('python', short)
 * assert.ok(machine.data.deadlineAt)
 * ```
 */
export interface LifeTime {
  /** For ever when absent. */
  readonly lifeTimeMs?: number | undefined
  /** What happens then; `destroy` when absent. */
  readonly onTimeout?: 'destroy' | 'pause' | undefined
}

/** In the words of the API. */
export function withLifeTime<T extends LifeTime>({ lifeTimeMs, ...rest }: T): Omit<T, 'lifeTimeMs'> & { timeoutMs?: number } {
  return { ...rest, ...(lifeTimeMs === undefined ? {} : { timeoutMs: lifeTimeMs }) }
}
