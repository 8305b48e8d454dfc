import type { FaultPoint } from '@hearth/drivers'
import type { DriverErrorKind, ErrorCode } from '@hearth/model'
import type { Lie } from '@hearth/protocol'

/** What the server under test can be told beside its API. */
export type Order =
  /** The driver's next pass of the point fails, as drivers may or (without a kind) as they may not. */
  | { readonly do: 'fail'; readonly point: FaultPoint; readonly kind?: DriverErrorKind }
  /** The driver's next pass of the point lasts until it is given up. */
  | { readonly do: 'hang'; readonly point: FaultPoint }
  /** The next guest that boots breaks the protocol. */
  | { readonly do: 'lie'; readonly lie: Lie }
  /** The store, or one table, fails with this from now on; works again without a code. */
  | { readonly do: 'break_store'; readonly code?: ErrorCode; readonly table?: string }
  | { readonly do: 'forget_image'; readonly name: string }
  | { readonly do: 'flip_byte'; readonly snapshot: string }
  | { readonly do: 'crash'; readonly machine: string }
  /** A row like this one's of a machine that another server has; resolves to its id. */
  | { readonly do: 'plant_stranger'; readonly like: string }
  /** A request that another server is answering. */
  | { readonly do: 'plant_pending'; readonly record: { readonly id: string; readonly fingerprint: string } }
  | { readonly do: 'holds' }
  | { readonly do: 'close' }

/** What a server holds on to. */
export interface Held {
  readonly rssMiB: number
  readonly heapMiB: number
  readonly sockets: number
  readonly timers: number
  readonly machines: number
  readonly snapshots: number
  readonly templates: number
}
