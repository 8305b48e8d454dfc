import { driverError, type Egress, type MachineDriver } from '@hearth/model'

/** @throws HearthError `driver_misconfigured` */
export function mustHaveEgress(driver: MachineDriver, egress: Egress): void {
  const { egress: offered } = driver.capabilities
  if (offered.includes(egress)) return
  throw driverError('Misconfigured', `driver ${driver.name} has no egress ${JSON.stringify(egress)}`, {
    hint: `It has: ${offered.join(', ')}.`,
  })
}
