import { Option } from '@commander-js/extra-typings'
import { collect } from '../input/pairs.ts'
import { parseDurationMs } from '../input/quantity.ts'
import { command } from './command.ts'

/** A command that gives a machine, of the thing its one argument names. */
export function machineGiver(name: string, description: string, argument: string, about: string) {
  return (
    command(name, description)
      // Of which name does not matter to the types, only that there must be one.
      .argument(argument as '<one>', about)
      .option('--name <name>', 'a name of its own, unique among live machines')
      .option('--hostname <name>', "the machine's hostname")
      .option('-e, --env <NAME=VALUE>', 'an environment variable; NAME alone takes its value here', collect)
      .option('--secret <NAME=VALUE>', 'as --env, but never shown, logged or kept in a snapshot', collect)
      .option('--file <local:/path[:mode]>', 'put a local file into the machine (at most 128 KiB)', collect)
      .option('--label <NAME=VALUE>', 'free text by which to find it again', collect)
      .addOption(
        new Option('--egress <policy>', "the machine's network (default: the template's)").choices([
          'none',
          'open',
          'allow-list',
        ]),
      )
      .option('--timeout <duration>', 'how long the machine may live, such as 2h (default: for ever)', parseDurationMs)
      .addOption(new Option('--on-timeout <what>', 'what happens then (default: destroy)').choices(['destroy', 'pause']))
      .option('--idempotency-key <key>', 'the same again with this key gives the same machine')
  )
}
