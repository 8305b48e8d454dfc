import { isIPv6 } from 'node:net'
import type { AccessKey, Clock } from '@hearth/model'
import { type Taken, TokenBuckets } from './token-buckets.ts'

/** Wrong keys each minute from one address. */
const refusalsPerMinute = 60

/** How much each key, and each address that offers wrong keys, may ask for. */
export class RequestLimits {
  readonly #perMinute: number
  readonly #keys: TokenBuckets
  readonly #refused: TokenBuckets

  /** `perMinute` is for keys that have no number of their own; 0: no limit. */
  constructor(clock: Clock, perMinute: number) {
    this.#perMinute = perMinute
    this.#keys = new TokenBuckets(clock)
    this.#refused = new TokenBuckets(clock)
  }

  /** One more request with this key; nothing where there is no limit. */
  request(key: AccessKey): Taken | undefined {
    const perMinute = key.requestsPerMinute ?? this.#perMinute
    return perMinute === 0 ? undefined : this.#keys.take(key.id, perMinute)
  }

  /** Whether a key that was never seen may be tried from this address. */
  mayTry(address: string): Taken {
    return this.#refused.look(network(address), refusalsPerMinute)
  }

  /** A wrong key came from this address. */
  refused(address: string): void {
    this.#refused.take(network(address), refusalsPerMinute)
  }
}

/** What one person has of addresses: of IPv6 a /64. */
export function network(address: string): string {
  const v4 = /^::ffff:([0-9.]+)$/i.exec(address)?.[1]
  if (v4 !== undefined) return v4
  const [bare = ''] = address.split('%')
  if (!isIPv6(bare)) return address
  const [head = '', tail] = bare.toLowerCase().split('::')
  const groups = head === '' ? [] : head.split(':')
  const behind = tail === undefined || tail === '' ? [] : tail.split(':')
  if (tail !== undefined) while (groups.length + behind.length < 8) groups.push('0')
  return `${[...groups, ...behind]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
