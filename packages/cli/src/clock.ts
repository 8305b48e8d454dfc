/** Wall clock, milliseconds since the epoch. */
export const systemNow = (): number => Date.now()
