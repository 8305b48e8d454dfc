export { ManualClock } from './doubles/manual-clock.ts'
export { memoryStore } from './doubles/memory-store.ts'
export { describeDriver, driverCases, runDriverCase } from './driver/describe-driver.ts'
export type { DriverBed } from './driver/driver-bed.ts'
export type { DriverCase } from './driver/driver-case.ts'
export { DriverRun, makeSharedTemplate, type SharedTemplate } from './driver/driver-run.ts'
export { describeStore } from './store/describe-store.ts'
export {
  bareMachine,
  eventOf,
  fullMachine,
  idempotencyRow,
  keyRow,
  machineId,
  namespaceRow,
  snapshotId,
  snapshotRow,
  templateRow,
} from './store/rows.ts'
