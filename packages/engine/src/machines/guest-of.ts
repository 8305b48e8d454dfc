import type { GuestConnection, Machine, ThawRequest } from '@hearth/model'
import type { Context } from '../context.ts'
import type { Personality } from '../identity/personality.ts'

/** The machine's connection; one that an earlier server left is opened again with the token on record. */
export async function guestOf(context: Context, machine: Machine): Promise<GuestConnection> {
  const open = context.guests.get(machine.id)
  if (open) return open
  const secrets = await context.store.machines.getSecrets(machine.id)
  // Somebody else may have opened it while the record was read.
  return context.guests.get(machine.id) ?? context.guests.open(context.drivers.of(machine.driver), machine.id, secrets?.token)
}

/** What a machine was given at hand-over, to be told again. Files are not among it: they may have been changed since. */
export async function standingPersonality(context: Context, machine: Machine): Promise<Personality> {
  const template = await context.rows.templates.get(machine.template)
  const kept = await context.store.machines.getSecrets(machine.id)
  return {
    machineUuid: machine.machineUuid,
    hostname: machine.hostname,
    network: machine.network,
    egress: machine.config.egress,
    env: { ...template.spec.env, ...machine.config.env },
    secrets: kept?.secrets ?? {},
    files: [],
    token: kept?.token ?? '',
  }
}

/** What a quiesced guest forgot. */
export async function thawRequest(context: Context, machine: Machine): Promise<ThawRequest> {
  const { env, secrets, token } = await standingPersonality(context, machine)
  return { env, secrets, ...(token && { token }) }
}
