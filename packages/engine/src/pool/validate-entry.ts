import {
  type GuestConnection,
  type GuestSession,
  HearthError,
  type MachineId,
  messageOf,
  type PoolEntry,
  type PoolValidator,
} from '@hearth/model'
import { probeHttp } from './probe-http.ts'

/** What a validator of the embedding program is given. It rejects when the entry must not be used; the message is shown. */
export interface ValidatorInput {
  readonly machine: MachineId
  readonly entry: PoolEntry
  readonly connection: GuestConnection
  readonly signal: AbortSignal
}

/** Validators of the embedding program, by name. */
export type CustomValidators = Readonly<Record<string, (input: ValidatorInput) => Promise<void>>>

/** Runs all validators at once. @throws HearthError `guest_error` naming the first that failed, and why */
export async function validateEntry(
  input: ValidatorInput,
  validators: readonly PoolValidator[],
  custom: CustomValidators,
): Promise<void> {
  const session = await input.connection.session({ signal: input.signal })
  await Promise.all(
    validators.map(async (validator) => {
      try {
        await check(validator, session, input, custom)
      } catch (error) {
        if (input.signal.aborted) throw error
        throw new HearthError('guest_error', `validator ${describeValidator(validator)} failed: ${messageOf(error)}`, {
          cause: error,
        })
      }
    }),
  )
}

/** A validator in a few words. */
function describeValidator(validator: PoolValidator): string {
  switch (validator.kind) {
    case 'guest':
      return 'guest'
    case 'port':
      return `port ${validator.port}`
    case 'http':
      return `http ${validator.port}${validator.path}`
    case 'command':
      return `command ${validator.argv[0]}`
    case 'custom':
      return validator.name
  }
}

async function check(
  validator: PoolValidator,
  session: GuestSession,
  input: ValidatorInput,
  custom: CustomValidators,
): Promise<void> {
  const { signal } = input
  switch (validator.kind) {
    case 'guest':
      await session.metrics({ signal })
      return
    case 'port':
      return (await session.dial(validator.port, { signal })).destroy() && undefined
    case 'http':
      return probeHttp(await session.dial(validator.port, { signal }), validator, signal)
    case 'command':
      return mustSucceed(session, validator.argv, signal)
    case 'custom': {
      const run = custom[validator.name]
      if (!run) throw new HearthError('invalid_input', `this server has no validator ${JSON.stringify(validator.name)}`)
      return run(input)
    }
  }
}

async function mustSucceed(session: GuestSession, argv: readonly string[], signal: AbortSignal): Promise<void> {
  const process = await session.exec({ argv }, { signal })
  process.stdout.resume()
  process.stderr.resume()
  const { code } = await process.exit
  if (code !== 0) throw new HearthError('guest_error', `it ended with code ${code}`)
}
