import type * as z from 'zod'
import { eventGapSchema, eventSchema } from './events.ts'
import { execInfoSchema, execRunResultSchema } from './exec.ts'
import { fileStatSchema, watchEventSchema } from './files.ts'
import { givenUpSchema } from './idempotency.ts'
import { auditEntrySchema, keySchema, newKeySchema, ticketSchema } from './keys.ts'
import { bootReportSchema, forkResultSchema, machineSchema, machineStatsSchema } from './machines.ts'
import { namespaceSchema, usageSchema } from './namespaces.ts'
import { poolRolloutSchema, poolScalePlanSchema, poolSchema, poolStatsSchema } from './pools.ts'
import { problemSchema } from './problem.ts'
import { receiptSchema } from './receipt.ts'
import { retentionReportSchema } from './retention.ts'
import { restoreResultSchema, snapshotSchema, snapshotTreeSchema, verifyResultSchema } from './snapshots.ts'
import { driverStatusSchema, readinessSchema, serverStatsSchema, systemSchema } from './system.ts'
import { buildProgressSchema, templateSchema } from './templates.ts'

/** What the API answers, by the names it has in the API's description. */
export const namedSchemas: Readonly<Record<string, z.ZodType>> = {
  AuditEntry: auditEntrySchema,
  BootReport: bootReportSchema,
  BuildProgress: buildProgressSchema,
  DriverStatus: driverStatusSchema,
  Event: eventSchema,
  EventGap: eventGapSchema,
  ExecInfo: execInfoSchema,
  ExecResult: execRunResultSchema,
  FileStat: fileStatSchema,
  ForkResult: forkResultSchema,
  GivenUp: givenUpSchema,
  Key: keySchema,
  Machine: machineSchema,
  MachineStats: machineStatsSchema,
  Namespace: namespaceSchema,
  NewKey: newKeySchema,
  Pool: poolSchema,
  PoolRollout: poolRolloutSchema,
  PoolScalePlan: poolScalePlanSchema,
  PoolStats: poolStatsSchema,
  Problem: problemSchema,
  Readiness: readinessSchema,
  Receipt: receiptSchema,
  RestoreResult: restoreResultSchema,
  RetentionReport: retentionReportSchema,
  ServerStats: serverStatsSchema,
  Snapshot: snapshotSchema,
  SnapshotTree: snapshotTreeSchema,
  System: systemSchema,
  Template: templateSchema,
  Ticket: ticketSchema,
  Usage: usageSchema,
  VerifyResult: verifyResultSchema,
  WatchEvent: watchEventSchema,
}
