export interface SuiteOptions {
  /** How many times each side is measured. */
  readonly pairs: number
  /** Tells people what goes on; not part of the result. */
  readonly log: (line: string) => void
}
