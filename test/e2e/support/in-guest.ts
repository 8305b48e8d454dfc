import type { MachineRef } from '@hearth/sdk'

/** What a shell line prints in a machine, without the white space around it. @throws when it ends with another code than 0 */
export async function inGuest(machine: MachineRef, line: string): Promise<string> {
  const { code, stdout, stderr } = await machine.exec('sh', ['-c', line])
  if (code !== 0) throw new Error(`in machine ${machine.ref}: "${line}" ended with ${code}: ${stderr}`)
  return stdout.trim()
}

/** The arguments of all processes in a machine, one process a line; kernel threads have none. */
export async function guestProcesses(machine: MachineRef): Promise<string[]> {
  const list = 'for f in /proc/[0-9]*/cmdline; do tr "\\0" " " < $f 2>/dev/null; echo; done'
  return (await inGuest(machine, list)).split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
}
