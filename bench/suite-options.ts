export interface SuiteOptions {
  /** How many times each side is measured. */
  readonly pairs: number
  /** How many machines suite `claim` claims. */
  readonly claims: number
  /** Tells people what goes on; not part of the result. */
  readonly log: (line: string) => void
}
