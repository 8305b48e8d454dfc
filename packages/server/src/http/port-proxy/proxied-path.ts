import { withoutTicket } from '../../auth/credentials.ts'

const before = /^(\/v1(?:\/namespaces\/[^/?]+)?\/machines\/[^/?]+\/ports\/[^/?]+)/

/** What of a request's address is ours and what is the service's, which gets it as it was written. */
export function proxiedPath(url: string): { readonly prefix: string; readonly path: string } {
  const prefix = before.exec(url)?.[1] ?? ''
  const rest = withoutTicket(url.slice(prefix.length))
  return { prefix, path: rest.startsWith('/') ? rest : `/${rest}` }
}
