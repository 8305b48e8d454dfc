import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants } from 'node:fs/promises'
import { messageOf } from '@hearth/model'

export type Accelerator = 'kvm' | 'tcg'
export type Acceleration = 'auto' | Accelerator

/** What was chosen, and why in words for people. */
export interface AcceleratorChoice {
  readonly accelerator: Accelerator
  readonly note: string
}

/** A kernel that reaches its first line under KVM does so in well under a second; an unusable KVM dies or hangs. */
const probeDeadlineMs = 10_000

/** Chooses an accelerator; `auto` takes KVM only when a guest has really run on it. */
export async function chooseAccelerator(
  acceleration: Acceleration,
  qemu: string,
  kernel: string,
  signal?: AbortSignal,
): Promise<AcceleratorChoice> {
  if (acceleration !== 'auto') return { accelerator: acceleration, note: `${acceleration} was asked for` }
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch (error) {
    return { accelerator: 'tcg', note: `software emulation: /dev/kvm cannot be opened (${messageOf(error)})` }
  }
  const problem = await runProbeGuest(qemu, kernel, signal)
  if (problem) return { accelerator: 'tcg', note: `software emulation: /dev/kvm opens, but no guest runs on it (${problem})` }
  return { accelerator: 'kvm', note: 'KVM: a probe guest ran' }
}

/** Boots a kernel without a root file system under KVM; it proves itself by its banner. Returns what went wrong. */
async function runProbeGuest(qemu: string, kernel: string, signal?: AbortSignal): Promise<string | undefined> {
  const args = [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-M', 'pc', '-accel', 'kvm', '-cpu', 'host', '-m', '128'],
    ...['-kernel', kernel, '-append', 'console=ttyS0 panic=-1', '-serial', 'stdio', '-action', 'reboot=shutdown'],
  ]
  const child = spawn(qemu, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  let output = ''
  let errors = ''
  const proven = new Promise<true>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('latin1')).slice(-8192)
      if (output.includes('Linux version')) resolve(true)
    })
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString('latin1')).slice(-1024)
  })
  const deadline = AbortSignal.any([AbortSignal.timeout(probeDeadlineMs), ...(signal ? [signal] : [])])
  const late = once(deadline, 'abort').then(() => `it printed nothing within ${probeDeadlineMs} ms`)
  const failed = closed.then(() => errors.trim().split('\n').at(-1) ?? 'QEMU ended')
  const result = await Promise.race([proven, failed, late])
  child.kill('SIGKILL')
  await closed
  signal?.throwIfAborted()
  return result === true ? undefined : result
}
