/** Which part of a list is wanted; newest first. */
export interface PageQuery {
  /** 1 to 1000. */
  readonly limit: number
  /** `next` of the page before. */
  readonly cursor?: string
}

export interface Page<Row> {
  readonly items: readonly Row[]
  /** Where the next page begins; absent on the last. */
  readonly next?: string
}
