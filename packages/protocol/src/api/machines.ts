import { bootReasons, limits } from '@hearth/model'
import * as z from 'zod'
import {
  bootMethodField,
  egressField,
  envField,
  labelFilterField,
  labelsField,
  modeField,
  nameField,
  pageFields,
  pageOf,
  pathField,
  resourcesChange,
  resourcesField,
  revField,
  severalOf,
  switchField,
  templateRefField,
  text,
  timeField,
  timeoutField,
} from './fields.ts'
import { problemSchema } from './problem.ts'
import { receiptSchema } from './receipt.ts'

/** A file put into the machine at hand-over. */
export const injectedFileSchema = z.strictObject({
  path: pathField,
  content: z.base64().describe('Base64'),
  mode: modeField.default('0644'),
})

const launchFields = {
  name: nameField.optional(),
  hostname: text(limits.hostnameLength).min(1).optional(),
  env: envField.default({}),
  secrets: envField.default({}).describe('As env, but never shown, logged or kept in a snapshot'),
  files: z.array(injectedFileSchema).max(limits.injectedFiles).default([]),
  labels: labelsField.default({}),
  egress: egressField.optional().describe("The template's when absent"),
  timeoutMs: timeoutField.optional().describe('How long it may live once it runs; for ever when absent'),
  onTimeout: z.enum(['destroy', 'pause']).optional().describe('What happens then; destroy when absent'),
}

/** What a launch may ask for beside its origin. */
export const launchOptionsSchema = z.strictObject(launchFields)
export type LaunchOptions = z.input<typeof launchOptionsSchema>

/** `POST /v1/machines`: exactly one of `template` and `snapshot`. */
export const launchSchema = z.strictObject({
  template: templateRefField.optional(),
  snapshot: z.string().max(80).optional().describe('A snapshot id'),
  boot: z
    .enum(['auto', 'warm', 'restored', 'cold'])
    .optional()
    .describe('Demand one boot method; fails when it cannot be had. auto: the warmest there is'),
  resources: resourcesChange.optional().describe("Other than the template's mean a cold boot"),
  ...launchFields,
})
export type Launch = z.input<typeof launchSchema>

/** How a launch was served, why not better, and where the time went. */
export const bootReportSchema = z.object({
  method: bootMethodField,
  reasons: z.array(z.object({ code: z.enum(bootReasons), detail: z.string() })),
  phasesMs: z.record(z.string(), z.number()),
  totalMs: z.number(),
  snapshotId: z.string().optional(),
  poolHit: z.boolean(),
})

const machineStateField = z.enum(['starting', 'running', 'paused', 'stopping', 'stopped', 'failed', 'lost'])

export const machineSchema = z.object({
  id: z.string(),
  namespace: z.string(),
  host: z.string().describe('The Hearth home it lives in'),
  name: z.string().optional(),
  state: machineStateField,
  failure: z.string().optional(),
  driver: z.string(),
  template: z.string(),
  resources: resourcesField,
  env: z.record(z.string(), z.string()),
  labels: z.record(z.string(), z.string()),
  egress: egressField,
  hostname: z.string(),
  machineUuid: z.string(),
  network: z.object({ mac: z.string(), address: z.string(), gateway: z.string(), dns: z.string() }),
  boot: bootReportSchema.optional(),
  receipt: receiptSchema.optional(),
  restoredFrom: z.string().optional(),
  createdAt: timeField,
  deadlineAt: timeField.optional().describe('When its time is over; moved by "extend"'),
  onTimeout: z.enum(['destroy', 'pause']).optional(),
  endedAt: timeField.optional(),
  rev: revField,
})
export type MachineResource = z.output<typeof machineSchema>

export const machinePageSchema = pageOf(machineSchema)
/** `GET /v1/machines`. */
export const machineQuerySchema = z.strictObject({
  all: switchField.describe('Also those that have ended'),
  state: severalOf(machineStateField).describe('Only those in one of these states'),
  name: nameField.optional(),
  template: templateRefField.optional().describe('Only those of this template; without a version of all its versions'),
  driver: text(63).min(1).optional(),
  label: labelFilterField,
  ...pageFields,
})
export type MachineQuery = z.input<typeof machineQuerySchema>

/** `POST /v1/machines/{m}/extend`. */
export const extendSchema = z.strictObject({ timeoutMs: timeoutField.describe('How long it may live from now on') })
export type Extend = z.input<typeof extendSchema>

/** `POST /v1/machines/{m}/fork`. */
export const forkSchema = z.strictObject({
  count: z.int().min(1).max(limits.forkCount),
  name: launchFields.name.describe('Clones are called NAME-1, NAME-2, …'),
  env: launchFields.env,
  secrets: launchFields.secrets,
  files: launchFields.files,
  labels: launchFields.labels,
  timeoutMs: launchFields.timeoutMs,
  onTimeout: launchFields.onTimeout,
})
export type Fork = z.input<typeof forkSchema>

/** One result a clone, in order; a clone that failed does not take the others with it. */
export const forkResultSchema = z.object({
  snapshotId: z.string().describe('The frozen moment; removed when the last clone has ended'),
  results: z.array(z.union([z.object({ machine: machineSchema }), z.object({ error: problemSchema })])),
})
export type ForkResult = z.output<typeof forkResultSchema>

/** `GET /v1/machines/{m}/stats`: what the host sees, and what the guest says when it answers. */
export const machineStatsSchema = z.object({
  host: z.object({
    pid: z.int().optional(),
    anonymousBytes: z.int(),
    residentBytes: z.int(),
    cpuMs: z.number(),
  }),
  guest: z
    .object({
      memTotalBytes: z.int(),
      memAvailableBytes: z.int(),
      cpuCount: z.int(),
      cpuBusyMs: z.number(),
      diskTotalBytes: z.int(),
      diskUsedBytes: z.int(),
      processes: z.int(),
    })
    .optional(),
})
export type MachineStatsResource = z.output<typeof machineStatsSchema>

/** `GET /v1/machines/{m}/logs`: the console, as text. */
export const logsQuerySchema = z.strictObject({
  maxBytes: z.coerce.number().int().min(1).max(16_777_216).default(65_536),
  follow: switchField.describe('Go on sending until the machine ends'),
})
