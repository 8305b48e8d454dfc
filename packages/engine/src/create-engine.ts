import type { Engine } from './engine.ts'
import type { EngineParts } from './parts.ts'

/** Puts an engine together. Nothing runs until `start`. */
export function createEngine(_parts: EngineParts): Engine {
  throw new Error('not put together yet')
}
