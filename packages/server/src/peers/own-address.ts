import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { RandomBytes } from '@hearth/model'
import { isLoopback } from '../config/check-together.ts'
import type { Config } from '../config/settings.ts'

const secretBytes = 32

/** With it other servers sign what they pass on to this process. */
export function newPeerSecret(random: RandomBytes): string {
  return Buffer.from(random(secretBytes)).toString('base64url')
}

/** Tells computers apart: servers on the same one reach each other by their sockets. */
export function thisComputer(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return hostname()
  }
}

/** Where other computers reach this server: as it was told, else its TCP address, where that means the same to them. */
export function advertisedUrl(
  { advertise, listen }: Pick<Config, 'advertise' | 'listen'>,
  url: string | undefined,
): string | undefined {
  if (advertise !== undefined) return new URL(advertise).origin
  if (listen === undefined || isLoopback(listen.host) || listen.host === '0.0.0.0' || listen.host === '::') return undefined
  return url
}
