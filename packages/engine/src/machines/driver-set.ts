import { HearthError, type MachineDriver } from '@hearth/model'

/** The drivers by name; the first makes new templates. */
export class DriverSet {
  readonly all: readonly MachineDriver[]

  constructor(drivers: readonly MachineDriver[]) {
    if (drivers.length === 0) throw new HearthError('driver_not_found', 'an engine needs at least one driver')
    this.all = drivers
  }

  get first(): MachineDriver {
    return this.of(this.all[0]?.name ?? '')
  }

  /** @throws HearthError `driver_not_found` */
  of(name: string): MachineDriver {
    const driver = this.all.find((each) => each.name === name)
    if (driver) return driver
    const names = this.all.map((each) => each.name).join(', ')
    throw new HearthError('driver_not_found', `there is no driver ${JSON.stringify(name)} here`, {
      hint: `This server has: ${names}.`,
    })
  }
}
