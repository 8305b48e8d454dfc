export { type EnsureLauncherOptions, ensureLauncher } from './ensure-launcher.ts'
export type { LauncherExit } from './exit-news.ts'
export {
  type LauncherCapture,
  type LauncherChild,
  LauncherClient,
  type LauncherProcess,
  type SpawnDescriptor,
  type SpawnRequest,
} from './launcher-client.ts'
export { type LauncherPaths, launcherPaths } from './launcher-paths.ts'
