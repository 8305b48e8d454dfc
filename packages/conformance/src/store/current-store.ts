import type { StateStore } from '@hearth/model'

/** Hands a suite the store of the case that runs now. */
export type CurrentStore = () => StateStore
