/** One request that a client process makes. */
export interface Asked {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

/** What a client process is told to do; it answers each with one `Told`. */
export type Order =
  /** One after the other: how long each took. */
  | { readonly kind: 'series'; readonly asked: Asked; readonly times: number }
  /** Launches from `template`, each ended again: how long each launch took. */
  | { readonly kind: 'launches'; readonly template: string; readonly times: number }
  /** As many as possible for a time: how many were answered. */
  | { readonly kind: 'load'; readonly asked: Asked; readonly forMs: number; readonly connections: number }

export type Told =
  | { readonly samplesMs: number[] }
  | { readonly answered: number; readonly tookMs: number }
  | { readonly error: string }
