/** What a guest remembers. */
export interface Remembered {
  env: Record<string, string>
  secrets: Record<string, string>
  hostname: string
  machineUuid: string
  generation: number
}

/** A machine that is pretended on this computer. */
export interface HostMachine {
  /** Its root folder. */
  readonly folder: string
  readonly remembered: Remembered
  powerOff(): void
}
