import { runCommand } from '../setup/run-command.mjs'

/**
 * Runs a program that has to succeed.
 * @param {string} command
 * @param {readonly string[]} args
 */
export async function mustRun(command, args) {
  const { code, tail } = await runCommand(command, args)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${tail}`)
}
