/** The QMP commands the driver uses, with their arguments and answers (QEMU 7.2, qapi/*.json). */
export interface QmpCommands {
  qmp_capabilities: { args: Record<string, never>; reply: unknown }
  stop: { args: Record<string, never>; reply: unknown }
  cont: { args: Record<string, never>; reply: unknown }
  quit: { args: Record<string, never>; reply: unknown }
  'query-status': { args: Record<string, never>; reply: { status: string; running: boolean } }
  'query-machines': { args: Record<string, never>; reply: { name: string; alias?: string }[] }
  'query-version': { args: Record<string, never>; reply: { qemu: { major: number; minor: number; micro: number } } }
  'query-cpu-model-expansion': {
    args: { type: 'full'; model: { name: string; props?: Record<string, unknown> } }
    reply: { model: { name: string; props?: Record<string, unknown> } }
  }
  'query-rx-filter': { args: { name?: string }; reply: { name: string; 'main-mac': string }[] }
  set_link: { args: { name: string; up: boolean }; reply: unknown }
  'query-named-block-nodes': { args: { flat: true }; reply: { 'node-name': string; file: string; ro: boolean }[] }
  'query-block': { args: Record<string, never>; reply: { inserted?: { 'node-name'?: string } }[] }
  'query-jobs': { args: Record<string, never>; reply: { id: string; status: string; error?: string }[] }
  /** Writes the device state alone; the name is historical, it works under every accelerator. */
  'xen-save-devices-state': { args: { filename: string; live: boolean }; reply: unknown }
  'blockdev-add': { args: Record<string, unknown>; reply: unknown }
  'blockdev-del': { args: { 'node-name': string }; reply: unknown }
  'blockdev-snapshot': { args: { node: string; overlay: string }; reply: unknown }
  'block-stream': {
    args: { 'job-id': string; device: string; base?: string; 'base-node'?: string; 'auto-dismiss': boolean }
    reply: unknown
  }
  'job-dismiss': { args: { id: string }; reply: unknown }
  pmemsave: { args: { val: number; size: number; filename: string }; reply: unknown }
}

export type QmpCommand = keyof QmpCommands

export interface QmpEvent {
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}
