import type { Machine } from '@hearth/sdk'
import { CliError } from '../../cli-error.ts'
import type { Context } from '../../context.ts'
import type { DemoRecipe } from './recipe.ts'

/** One clone, as it describes itself from the inside. */
export interface CloneFacts {
  readonly machineId: string
  readonly hostname: string
  readonly machineUuid: string
  readonly address: string
  readonly mac: string
  readonly random: string
  /** How far its clock is from the host's. */
  readonly clockDeltaMs: number
  readonly anonMiB: number
  /** What the service that was already running when the clone was made said. */
  readonly service: string
}

const fields = ['hostname', 'machineUuid', 'mac', 'address', 'random'] as const

/** Lets a clone say who it is, and asks its service something. */
export async function describeClone(context: Context, machine: Machine, recipe: DemoRecipe): Promise<CloneFacts> {
  const { signal } = context
  const before = context.now()
  const [program = '', ...args] = recipe.whoAmI
  const { code, stdout, stderr } = await machine.exec(program, args, { signal })
  const after = context.now()
  if (code !== 0) throw new CliError(`the script in ${machine.id} ended with code ${code}: ${stderr.trim()}`)
  const said = parse(machine.id, stdout)
  const { host } = await machine.stats({ signal })
  return {
    machineId: machine.id,
    ...said.identity,
    // The guest looked at its clock at some moment between the two.
    clockDeltaMs: Math.round(Math.max(0, before - said.clockMs, said.clockMs - after)),
    anonMiB: Math.round((host.anonymousBytes / 1024 ** 2) * 10) / 10,
    service: await askService(context, machine, recipe.port),
  }
}

function parse(machineId: string, text: string): { identity: Record<(typeof fields)[number], string>; clockMs: number } {
  const said = JSON.parse(text) as Record<string, unknown>
  const identity = Object.fromEntries(fields.map((field) => [field, String(said[field] ?? '')])) as Record<
    (typeof fields)[number],
    string
  >
  const empty = fields.filter((field) => identity[field] === '')
  const clockMs = Number(said.clockMs)
  if (empty.length > 0 || !Number.isFinite(clockMs))
    throw new CliError(`${machineId} did not say its ${[...empty, 'clockMs'].join(', ')}`)
  return { identity, clockMs }
}

async function askService(context: Context, machine: Machine, port: number): Promise<string> {
  const stream = await machine.dial(port, { signal: context.signal })
  await stream.write(new TextEncoder().encode('GET / HTTP/1.0\r\nHost: demo\r\n\r\n'))
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of stream) text += decoder.decode(chunk, { stream: true })
  const [head = '', body = ''] = text.split('\r\n\r\n')
  if (!/^HTTP\/1\.[01] 200 /.test(head))
    throw new CliError(`the service in ${machine.id} answered ${JSON.stringify(head.slice(0, 80))}`)
  return body.trim()
}
