import { access, constants } from 'node:fs/promises'
import { type DriverProbe, messageOf } from '@hearth/model'
import type { QemuParts } from './parts.ts'

/** Whether this host can run QEMU machines, and with what. */
export async function probeQemu(parts: QemuParts): Promise<DriverProbe> {
  const missing = await access(parts.qemu, constants.X_OK).then(
    () => undefined,
    () => ({ problem: `${parts.qemu} is not there`, fix: 'apt-get install qemu-system-x86' }),
  )
  if (missing) return { usable: false, accelerator: 'none', version: '', problems: [missing], notes: [] }
  try {
    const facts = await parts.facts()
    const old = Number(facts.vmmVersion.split('.')[0]) * 100 + Number(facts.vmmVersion.split('.')[1]) < 702
    const problems = old
      ? [{ problem: `QEMU ${facts.vmmVersion} is too old`, fix: 'QEMU 7.2 or newer is needed (Debian 12 has it)' }]
      : []
    return {
      usable: !old,
      accelerator: facts.accelerator,
      version: facts.vmmVersion,
      problems,
      notes: [facts.acceleratorNote, parts.users.note],
    }
  } catch (error) {
    const problem = { problem: `QEMU does not answer: ${messageOf(error)}`, fix: `Run ${parts.qemu} --version by hand` }
    return { usable: false, accelerator: 'none', version: '', problems: [problem], notes: [] }
  }
}
