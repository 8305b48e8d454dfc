import { Argument } from '@commander-js/extra-typings'
import { commandGroup } from './command.ts'

/** Stands for `hearth completion` in the help; the real one needs the whole program and is added when it is called. */
export function completionCommand() {
  return commandGroup('completion', 'Print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'for example: source <(hearth completion bash)').choices(['bash', 'zsh', 'fish']))
    .helpGroup('This computer:')
}
