export type { Config, SettingName } from './config/settings.ts'
export { settings } from './config/settings.ts'
export { receiptVerifier } from './receipt-verifier.ts'
export { type RunningServer, runServer, type ServerParts } from './run-server.ts'
