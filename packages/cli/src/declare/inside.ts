import { collect } from '../input/pairs.ts'
import { parsePortPair } from '../input/port-pair.ts'
import { command, type Execute } from './command.ts'

/** What reaches into a machine: `hearth exec`, `cp`, `port-forward`. */
export function insideCommands(execute: Execute) {
  return [
    command('exec', 'Run a program in a machine; its exit code is passed through, 125 is a failure of Hearth')
      .usage('[options] <machine> [--] <program> [argument...]')
      .argument('<machine>', 'its id or name')
      .argument('[program...]', 'the program and its arguments')
      .option('-i, --interactive', 'send stdin to the program')
      .option('-t, --tty', 'give it a terminal')
      .option('-d, --detach', 'leave it running and print its number')
      .option('--attach <number|tag>', 'instead of starting a program, attach to one that runs')
      .option('-e, --env <NAME=VALUE>', 'an environment variable; NAME alone takes its value here', collect)
      .option('-w, --workdir <path>', 'where it runs')
      .option('-u, --user <user>', 'name or uid[:gid] (default: root)')
      .option('--tag <tag>', 'a name by which to attach to it again')
      .passThroughOptions()
      .action((ref, argv, options) =>
        execute(options, async (context) => (await import('../commands/exec.ts')).exec(context, ref, argv, options)),
      ),
    command('cp', 'Copy files and folders into and out of a machine')
      .usage('[options] <source> <target>')
      .argument('<source>', 'MACHINE:/path, a local path, or - for stdin; FOLDER/. copies what is in it')
      .argument('<target>', 'MACHINE:/path, a local path, or - for stdout')
      .action((source, target, options) =>
        execute(options, async (context) => (await import('../commands/cp.ts')).cp(context, source, target)),
      ),
    command('port-forward', 'Forward local ports to ports on the loopback of a machine, until Ctrl-C')
      .argument('<machine>', 'its id or name')
      .argument('<ports...>', 'LOCAL:REMOTE, or one number for both; LOCAL 0 takes any free port')
      .action((ref, ports, options) =>
        execute(options, async (context) =>
          (await import('../commands/port-forward.ts')).portForward(context, ref, ports.map(parsePortPair)),
        ),
      ),
  ]
}
