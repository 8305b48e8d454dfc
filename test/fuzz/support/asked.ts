/** A request as it goes out. */
export interface Asked {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** Of an answer without end, the beginning is enough. */
  readonly endless?: boolean
  /** Exactly these bytes in place of everything else. */
  readonly bytes?: Buffer
}

export interface Answered {
  readonly status: number
  readonly type: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}
