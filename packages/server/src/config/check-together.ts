import { HearthError, invalidInput } from '@hearth/model'
import type { Config } from './settings.ts'

/** What no setting can say of itself. @throws HearthError `invalid_input` */
export function checkTogether(config: Config): void {
  const { listen, tlsCert, tlsKey, insecureListen, advertise, openMetrics, poolSize, largestPool } = config
  if (poolSize > largestPool) throw invalidInput('poolSize', poolSize, `at most largestPool, which is ${largestPool}`)
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const [missing, given] = tlsCert === undefined ? ['tlsCert', 'tlsKey'] : ['tlsKey', 'tlsCert']
    throw new HearthError('invalid_input', `${missing} is missing; it belongs to ${given}`)
  }
  if (openMetrics && listen !== undefined && !isLoopback(listen.host)) {
    throw invalidInput('openMetrics', openMetrics, `only where listen is a loopback address, and it is ${listen.host}`)
  }
  if (advertise !== undefined && isPlainBeyondLoopback(advertise) && !insecureListen) {
    const allowed =
      'https://, for whoever reads what servers pass on can ask it again; or insecureListen where something else encrypts'
    throw invalidInput('advertise', advertise, allowed)
  }
  if (listen === undefined || isLoopback(listen.host) || tlsCert !== undefined || insecureListen) return
  throw invalidInput(
    'listen',
    listen.host,
    'beyond loopback keys would travel in the clear: set tlsCert and tlsKey, or insecureListen where something else encrypts',
  )
}

function isPlainBeyondLoopback(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, ''))
}

/** Whether only this computer reaches an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(host)
}
