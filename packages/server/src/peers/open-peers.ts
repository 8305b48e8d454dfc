import type { RandomBytes } from '@hearth/model'
import type { Config } from '../config/settings.ts'
import { newPeerSecret, thisComputer } from './own-address.ts'
import { Peers, type PeersParts } from './peers.ts'

export interface OpenPeersOptions extends Pick<PeersParts, 'store' | 'clock' | 'log' | 'gone'> {
  readonly host: string
  readonly socket: string
  readonly startedAt: number
  readonly random: RandomBytes
}

/** The other servers of the same state; none where no other can have it. Nobody hears of this one before `start`. */
export function openPeers({ database, leaseSecs }: Config, options: OpenPeersOptions): Peers | undefined {
  if (database === undefined) return undefined
  const { store, clock, log, gone, host, socket, random, startedAt } = options
  const secret = newPeerSecret(random)
  const self = { host, socket, computer: thisComputer(), secret, startedAt: Math.round(startedAt) }
  return new Peers({ store, clock, log, gone, self, leaseMs: leaseSecs * 1000 })
}
