export { describeStore } from './store/describe-store.ts'
export { bareMachine, fullMachine, machineId, snapshotId, snapshotRow, templateRow } from './store/rows.ts'
