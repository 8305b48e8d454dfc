import { bootReasons, limits, poolLimits } from '@hearth/model'
import * as z from 'zod'
import {
  argvField,
  listOf,
  nameField,
  resourcesChange,
  resourcesField,
  revField,
  templateRefField,
  text,
  timeField,
} from './fields.ts'

const portField = z.int().min(1).max(65_535)

/** What must hold of a machine before it counts, and again when it is claimed. */
const poolValidatorSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('guest') }),
  z.strictObject({ kind: z.literal('port'), port: portField }),
  z.strictObject({
    kind: z.literal('http'),
    port: portField,
    path: text(1024).regex(/^\/[\x21-\x7e]*$/, { error: 'a path such as /healthz' }),
    status: z.int().min(100).max(599).optional().describe('Absent: 200 to 399'),
  }),
  z.strictObject({ kind: z.literal('command'), argv: argvField }),
  z.strictObject({ kind: z.literal('custom'), name: text(limits.labelBytes).min(1) }),
])

/** Lets `min` and `max` follow the launches that were seen. */
const poolAutoscaleSchema = z.strictObject({
  targetHitRate: ranged(poolLimits.targetHitRate).describe('The share of launches that the pool should serve'),
  smallest: z.int().min(0).describe('Bounds of min and max'),
  largest: z.int().min(1),
})

const settingFields = {
  min: z.int().min(0).describe('Refill begins below this'),
  max: z.int().min(poolLimits.size.min).describe('Most machines that are ready or being made; 20 unless the server allows more'),
  refillIntervalMs: whole(poolLimits.refillIntervalMs),
  entryMaxAgeMs: whole(poolLimits.entryMaxAgeMs).describe('Older machines are replaced'),
  snapshotMaxAgeMs: whole(poolLimits.snapshotMaxAgeMs).describe('An older template snapshot is made anew'),
  concurrency: whole(poolLimits.concurrency).describe('Machines that are made at the same time'),
  startsPerMinute: whole(poolLimits.startsPerMinute),
  progressDeadlineMs: whole(poolLimits.progressDeadlineMs).describe('Nothing made for so long: not_progressing'),
  validators: z.array(poolValidatorSchema).max(poolLimits.validators),
  lazy: z.boolean().describe('Filled from the first launch of its template on, not before'),
}

/** The settings of a pool, all of them. */
const poolSettingsSchema = z.object({ ...settingFields, autoscale: poolAutoscaleSchema.optional() })
export type PoolSettingsResource = z.output<typeof poolSettingsSchema>

/** Settings as they are asked for. */
const poolSettingsInput = z
  .strictObject({ ...settingFields, autoscale: poolAutoscaleSchema.nullable().describe('null: off') })
  .partial()

/** `PUT /v1/pools/{pool}` (what is absent takes its default) and `PATCH` (what is absent stays). */
export const poolSetSchema = z.strictObject({
  template: templateRefField.optional().describe("Absent in a PUT: the pool's name is the template's"),
  resources: resourcesChange.optional().describe("The template's; others are refused"),
  settings: poolSettingsInput.default({}),
  cutOver: z.boolean().default(false).describe('Replace machines of another version or snapshot at once, not as they age out'),
})
export type PoolSet = z.input<typeof poolSetSchema>

const refillStateField = z.enum([
  'idle',
  'filling',
  'waiting_for_first_launch',
  'not_progressing',
  'host_full',
  'draining',
  'elsewhere',
])

/** A new template version on its way into a pool. */
export const poolRolloutSchema = z.object({
  version: z.int(),
  from: z.int().describe('What the pool was made of before'),
  state: z.enum(['canary', 'probation', 'done', 'rolled_back', 'aborted']),
  canaries: z.int().describe('So many must be validated before the version takes over'),
  validated: z.int(),
  failed: z.int(),
  startedAt: timeField,
  deadlineAt: timeField.describe('Not done by then: rolled back'),
  probationMs: z.int(),
  probationUntil: timeField.optional(),
  endedAt: timeField.optional(),
  reason: z.string().optional(),
})
export type PoolRolloutResource = z.output<typeof poolRolloutSchema>

/** How a pool stands, and what it has done since the server started. */
export const poolStatsSchema = z.object({
  name: z.string(),
  refill: refillStateField,
  reason: z.string().optional().describe('Why nothing comes'),
  lastFailure: z
    .object({
      at: timeField,
      stage: z.enum(['make', 'wait', 'claim']),
      machine: z.string().optional(),
      reason: z.string(),
    })
    .optional(),
  depth: z.int().describe('Machines that are ready'),
  making: z.int(),
  target: z.int().describe('What refill aims at'),
  scale: z.object({ min: z.int(), max: z.int() }).describe('As they are now: autoscale may have moved them'),
  versions: z.array(z.object({ version: z.int(), ready: z.int(), hits: z.int() })),
  oldestAgeMs: z.int().optional(),
  hitRatio: z.number().optional().describe('Hits of all launches that wanted one of its machines; absent before the first'),
  counters: z.object({
    hits: z.int(),
    misses: z.partialRecord(z.enum(bootReasons), z.int()),
    adopted: z.int(),
    created: z.int(),
    createFailed: z.int(),
    claimed: z.int(),
    claimFailures: z.int(),
    evicted: z.int(),
    validationFailures: z.int(),
    refillRuns: z.int(),
  }),
})
export type PoolStats = z.output<typeof poolStatsSchema>

export const poolSchema = z.object({
  name: z.string(),
  template: z.string(),
  version: z.int().describe('What new machines are made of'),
  driver: z.string(),
  resources: resourcesField,
  settings: poolSettingsSchema,
  state: z.enum(['active', 'draining']),
  rollout: poolRolloutSchema.optional(),
  stats: poolStatsSchema,
  createdAt: timeField,
  rev: revField,
})
export type PoolResource = z.output<typeof poolSchema>

export const poolListSchema = listOf(poolSchema)

/** `POST /v1/pools/{pool}/rollout`. */
export const poolRolloutStartSchema = z.strictObject({
  version: z.int().min(1).max(999_999_999),
  canaries: whole(poolLimits.canaries).optional().describe('1 when absent'),
  deadlineMs: z.int().min(1_000).max(86_400_000).optional().describe('Five minutes when absent'),
  probationMs: whole(poolLimits.probationMs).optional(),
})
export type PoolRolloutStart = z.input<typeof poolRolloutStartSchema>

/** `GET /v1/pools/{pool}/autoscale`: what is absent is the pool's own. */
export const poolScaleQuerySchema = z.strictObject({
  targetHitRate: z.coerce.number().min(poolLimits.targetHitRate.min).max(poolLimits.targetHitRate.max).optional(),
  smallest: z.coerce.number().int().min(0).optional(),
  largest: z.coerce.number().int().min(1).optional(),
})
export type PoolScaleQuery = z.input<typeof poolScaleQuerySchema>

const replayedSchema = z.object({
  min: z.int(),
  max: z.int(),
  launches: z.int(),
  hits: z.int(),
  hitRate: z.number(),
  idleMachineSeconds: z.number(),
})

/** What autoscale would do now, and how that would have served the launches that were recorded. */
export const poolScalePlanSchema = z.object({
  windowMs: z.int(),
  demand: z.object({
    arrivalsPerSecond: z.number(),
    largestBurst: z.int(),
    launchCostMs: z.number(),
    concurrency: z.int(),
  }),
  bounds: poolAutoscaleSchema,
  now: replayedSchema,
  recommended: replayedSchema,
})
export type PoolScalePlan = z.output<typeof poolScalePlanSchema>

/** The pool that a path names. */
export const poolParamsSchema = z.object({ pool: nameField })

function whole({ min, max }: { readonly min: number; readonly max: number }) {
  return z.int().min(min).max(max)
}

function ranged({ min, max }: { readonly min: number; readonly max: number }) {
  return z.number().min(min).max(max)
}
