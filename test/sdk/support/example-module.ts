import type { Example } from './examples.ts'

/** An example as a module: what it is given is in scope, and everything the package exports. */
export function exampleModule(
  { body }: Example,
  { values, types }: { values: readonly string[]; types: readonly string[] },
): string {
  return `import assert from 'node:assert/strict'
import { ${values.join(', ')}, ${types.map((name) => `type ${name}`).join(', ')} } from '@hearth/sdk'
import type { Given } from './given.ts'

export async function example({ connection, hearth, machine, port }: Given): Promise<void> {
  {
${body}
  }
}
`
}

/** What every example is given. */
export const givenModule = `import type { Hearth, Machine } from '@hearth/sdk'

export interface Given {
  readonly connection: { readonly baseUrl: string; readonly apiKey: string }
  readonly hearth: Hearth
  readonly machine: Machine
  readonly port: number
}
`

/** Runs each example with a machine of its own, and prints what failed. */
export const runnerModule = `import { createServer } from 'node:http'
import { Hearth } from '@hearth/sdk'

const connection = JSON.parse(process.env.CONNECTION ?? '')
const hearth = new Hearth(connection)
await hearth.templates.build('python', 'builtin:base')
const service = createServer((_request, answer) => answer.end('hello')).listen(0, '127.0.0.1')
await new Promise((resolve) => service.once('listening', resolve))
const { port } = service.address()
const say = console.log
console.log = () => undefined
const failures = []
for (const file of process.argv.slice(2)) {
  const machine = await hearth.launch('python')
  try {
    const { example } = await import(file)
    const late = new Promise((_, reject) => setTimeout(reject, 20_000, new Error('still runs after 20 s')))
    await Promise.race([example({ connection, hearth, machine, port }), late])
  } catch (error) {
    failures.push({ file, error: String(error?.stack ?? error) })
  }
  await tidy()
}
say(JSON.stringify(failures))
process.exit(0)

async function tidy() {
  for (const { name } of await hearth.namespaces.list()) {
    const { machines, snapshots } = hearth.in(name)
    for await (const machine of machines) await machine.remove()
    for (const { id } of await snapshots.list({ kind: ['user'] }).toArray()) await snapshots.remove(id, { force: true })
    if (name !== 'default') await hearth.namespaces.remove(name)
  }
}
`
