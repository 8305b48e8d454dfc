import type { Egress, NetworkIdentity } from '@hearth/model'

/** `hub`: nothing is connected and nothing is saved. `user`: QEMU's own stack, whose state is part of a snapshot for ever after. */
export type NetBackend = 'hub' | 'user'

/** The back end of a machine: a snapshot that holds the state of one can only be loaded with the same. */
export function netBackend(egress: Egress, frozen: NetBackend): NetBackend {
  return egress === 'open' || frozen === 'user' ? 'user' : 'hub'
}

/** The `-netdev` value. `restrict` lets nothing through, neither outward nor to the host. */
export function netdevArgument(backend: NetBackend, egress: Egress, network: NetworkIdentity): string {
  if (backend === 'hub') return 'hubport,id=net0,hubid=0'
  const base = network.address.replace(/\d+\/24$/, '')
  return `user,id=net0,net=${base}0/24,host=${network.gateway},ipv6=off,restrict=${egress === 'open' ? 'off' : 'on'}`
}
