import { invalidInput, type LaunchConfig, type MachineDriver } from '@hearth/model'

/** A machine whose time will be over must be able to stand still then. @throws HearthError `invalid_input` */
export function mustPause(driver: MachineDriver, onTimeout: LaunchConfig['onTimeout']): void {
  if (onTimeout !== 'pause' || driver.capabilities.pause) return
  throw invalidInput('onTimeout', onTimeout, `"destroy": machines of driver ${driver.name} cannot be paused`)
}
