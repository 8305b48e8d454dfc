export type { Config, SettingName } from './config/settings.ts'
export { settings } from './config/settings.ts'
