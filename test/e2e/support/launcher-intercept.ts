import type { QemuDriverOptions } from '@hearth/drivers'

type Intercept = NonNullable<QemuDriverOptions['intercept']>
type Launcher = ReturnType<Intercept>
type Capture = Parameters<Launcher['capture']>[0]

/** Calls `look` in the pause of every snapshot of a machine that goes on: when its memory was captured, and before it continues. */
export function afterCapture(look: (capture: Capture) => Promise<void>): Intercept {
  return (launcher) =>
    new Proxy(launcher, {
      get(target, name) {
        if (name === 'capture') {
          return async (...args: Parameters<Launcher['capture']>) => {
            const captured = await target.capture(...args)
            if (args[0].warm !== true) await look(args[0])
            return captured
          }
        }
        // Its private fields are its own, not the proxy's.
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
}
