import { type BootReason, bootReasons, type DriverErrorKind, type ErrorCode, errorStatus, isHearthError } from '@hearth/model'

/** The phases of a launch that are known by name; a launch of a driver with others shows them as `other`. */
const launchPhases = [
  'plan',
  'take',
  'validate',
  'continue',
  'restore',
  'restore_failed',
  'boot',
  'connect',
  'personalise',
  'ready',
] as const

const httpMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

const driverErrorKinds = [
  'NotFound',
  'Busy',
  'Incompatible',
  'Corrupt',
  'Misconfigured',
  'Unavailable',
  'Timeout',
] as const satisfies readonly DriverErrorKind[]

/** The name of a phase, as a label. */
export const phaseLabel = (phase: string): string => known(launchPhases, phase, 'other')

/** The reason that decided how a launch was served: the last one it met, or `none`. */
export function reasonLabel(reasons: readonly { readonly code: BootReason }[]): string {
  return known(bootReasons, reasons.at(-1)?.code ?? 'none', 'none')
}

/** An HTTP method as a label; whatever else a client may send is `other`. */
export const methodLabel = (method: string): string => known(httpMethods, method, 'other')

/** `2xx` for 204. */
export function statusLabel(status: number): string {
  return status >= 100 && status < 600 ? `${Math.trunc(status / 100)}xx` : 'other'
}

/** A kind of driver error, or `Internal` for what no driver should throw. */
export const driverErrorLabel = (kind: string): string => known(driverErrorKinds, kind, 'Internal')

/** An error code as a label. */
export function codeLabel(code: string): ErrorCode {
  return Object.hasOwn(errorStatus, code) ? (code as ErrorCode) : 'internal'
}

/** The code of anything thrown. */
export const codeOf = (error: unknown): ErrorCode => (isHearthError(error) ? error.code : 'internal')

function known<T extends string, U extends string>(all: readonly T[], value: string, otherwise: U): T | U {
  return all.find((each) => each === value) ?? otherwise
}
