import { driverErrorKindOf, type EngineMeter, isHearthError, type MachineDriver } from '@hearth/model'

/** The same driver; `meter` is told when one of its operations fails. Giving up and the guest's own failures are not its fault. */
export function meteredDriver(driver: MachineDriver, meter: EngineMeter): MachineDriver {
  const tell = (operation: string, error: unknown) => {
    const kind = driverErrorKindOf(error) ?? (isHearthError(error) ? undefined : 'Internal')
    if (kind !== undefined) meter.driverFailed({ driver: driver.name, operation, kind })
  }
  const methods = new Map<string, unknown>()
  return new Proxy(driver, {
    get(target, key) {
      // Called on the driver itself: private fields of a class are out of a proxy's reach.
      const value: unknown = Reflect.get(target, key, target)
      if (typeof key === 'symbol' || typeof value !== 'function') return value
      const known = methods.get(key) ?? watched(target, key, value, tell)
      methods.set(key, known)
      return known
    },
  })
}

// biome-ignore lint/complexity/noBannedTypes: any method of the port
function watched(driver: MachineDriver, operation: string, method: Function, tell: (operation: string, error: unknown) => void) {
  return (...args: unknown[]): unknown => {
    const answer: unknown = Reflect.apply(method, driver, args)
    if (answer instanceof Promise) answer.catch((error) => tell(operation, error))
    return answer
  }
}
