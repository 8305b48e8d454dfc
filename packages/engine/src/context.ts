import type {
  Clock,
  EngineMeter,
  Log,
  Name,
  PassFailpoint,
  RandomBytes,
  SnapshotId,
  StateStore,
  TemplateRef,
} from '@hearth/model'
import type { Deadlines } from './deadlines/deadlines.ts'
import type { EventHub } from './events/event-hub.ts'
import type { Underway } from './idempotency/underway.ts'
import type { AddressBook } from './identity/addresses.ts'
import type { WarmSource } from './launch/warm-source.ts'
import type { DriverSet } from './machines/driver-set.ts'
import type { ExitWatch } from './machines/exit-watch.ts'
import type { Guests } from './machines/guests.ts'
import type { Turns } from './machines/turns.ts'
import type { Uses } from './machines/uses.ts'
import type { EngineOptions, ReceiptVerifier, SshHostKey } from './parts.ts'
import type { PromisedMemory } from './pool/promised-memory.ts'
import type { Outages } from './rows/outages.ts'
import type { Rows } from './rows/rows.ts'
import type { Background } from './time/background.ts'

/** What the parts of one engine share. */
export interface Context {
  readonly drivers: DriverSet
  readonly store: StateStore
  readonly rows: Rows
  readonly outages: Outages
  readonly events: EventHub
  readonly guests: Guests
  readonly exits: ExitWatch
  readonly snapshotUses: Uses<SnapshotId>
  readonly templateUses: Uses<TemplateRef>
  /** What is being made in it holds a namespace. */
  readonly namespaceUses: Uses<Name>
  readonly addresses: AddressBook
  readonly underway: Underway
  readonly deadlines: Deadlines
  readonly promisedMemory: PromisedMemory
  readonly warm: WarmSource
  readonly turns: Turns
  readonly background: Background
  readonly receipts: ReceiptVerifier
  readonly newSshHostKey: () => SshHostKey
  /** Which home this is, in rows that several servers share. */
  readonly host: string
  readonly meter: EngineMeter
  /** Called at each named step whose interruption must do no harm; only tests make it do anything. */
  readonly failpoint: PassFailpoint
  readonly clock: Clock
  readonly random: RandomBytes
  readonly log: Log
  readonly options: EngineOptions
}
