import type { Progress } from '@hearth/model'

export interface ContentOptions {
  readonly signal?: AbortSignal | undefined
  /** An empty folder for what is needed on the way. */
  readonly work: string
  readonly progress: Progress
}
