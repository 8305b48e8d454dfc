import type { LoadedConfig } from './load-config.ts'
import { type Config, type SettingName, settings } from './settings.ts'

/** One setting as a person reads it: the value as it can be given, null when there is none, and where it was found. */
export interface ShownSetting {
  readonly name: string
  readonly value: string | null
  readonly origin: string
}

/** Every setting with its value and origin; passwords are left out. */
export function shownSettings({ config, origins }: LoadedConfig): ShownSetting[] {
  const names = Object.keys(settings) as SettingName[]
  const shown = { ...config, ...(config.database && { database: withoutPassword(config.database) }) }
  return names.map((name) => ({ name, value: asGiven(shown[name]), origin: origins[name] }))
}

function asGiven(value: Config[SettingName]): string | null {
  if (value === undefined) return null
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.length === 0 ? null : value.join(',')
  if (typeof value !== 'object') return String(value)
  const { host, port } = value as NonNullable<Config['listen']>
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** As libpq reads it, a password may also stand among the parameters. */
function withoutPassword(url: string): string {
  const shown = new URL(url)
  if (shown.password !== '') shown.password = '***'
  for (const name of [...shown.searchParams.keys()]) if (/password/i.test(name)) shown.searchParams.set(name, '***')
  return String(shown)
}
