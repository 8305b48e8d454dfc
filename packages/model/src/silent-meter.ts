import type { EngineMeter } from './ports/engine-meter.ts'

/** Measures nothing. */
export const silentMeter: EngineMeter = {
  launched() {},
  launchFailed() {},
  snapshotEnded() {},
  driverFailed() {},
  cleanerRan() {},
  reconcileRan() {},
  pooled() {},
  scrubbed() {},
}
