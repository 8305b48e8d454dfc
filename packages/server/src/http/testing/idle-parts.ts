import { memoryStore } from '@hearth/conformance'
import type { StateStore } from '@hearth/model'
import { Builds } from '../builds/build.ts'
import type { HttpParts } from '../http-parts.ts'

/** The parts of an API that tests of other parts do not care about. */
export function idleParts(store: StateStore = memoryStore()): Pick<HttpParts, 'store' | 'host' | 'builds' | 'settings'> {
  return { store, host: 'test-host', builds: new Builds(), settings: [] }
}
