import type { Clock, Log, PassFailpoint } from '@hearth/model'
import type { LauncherLink } from '../launcher/launcher-link.ts'
import type { HostFacts } from './host-facts.ts'
import type { ImageBuilder } from './images/image-builder.ts'
import type { Hash } from './integrity.ts'
import type { Layout } from './layout.ts'
import type { MemoryFiles } from './memory-files.ts'
import type { VmmUsers } from './vmm-user.ts'
import type { Vmms } from './vmms.ts'

/** What the driver's operations share; each takes what it needs. */
export interface QemuParts {
  readonly layout: Layout
  readonly launcher: LauncherLink
  readonly images: ImageBuilder
  readonly memory: MemoryFiles
  readonly vmms: Vmms
  readonly users: VmmUsers
  /** Off the event loop. */
  readonly hash: Hash
  readonly facts: () => Promise<HostFacts>
  readonly qemu: string
  readonly clock: Clock
  readonly log: Log
  readonly failpoint: PassFailpoint
}
