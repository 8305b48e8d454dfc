import { limits } from '@hearth/model'
import * as z from 'zod'
import {
  argvField,
  egressField,
  envField,
  listOf,
  nameField,
  resourcesField,
  resourcesInput,
  revField,
  text,
  timeField,
} from './fields.ts'

/** How a template knows that its start command serves: one of three. */
export const readyCheckSchema = z.union(
  [
    z.strictObject({ command: argvField.describe('Ready when it exits with 0') }),
    z.strictObject({ port: z.int().min(1).max(65535).describe('Ready when something listens') }),
    z.strictObject({
      log: text(1024)
        .min(1)
        .describe('Ready when a line of output contains this text, or matches it when written /between slashes/'),
    }),
  ],
  { error: 'one of {"command": [...]}, {"port": N}, {"log": "PATTERN"}' },
)
export type ReadyCheckInput = z.output<typeof readyCheckSchema>

const readyTimeout = limits.readyTimeoutMs

/** `POST /v1/templates`. */
export const templateBuildSchema = z.strictObject({
  name: nameField,
  source: text(4200).min(1).describe('builtin:base, debian:SUITE?include=PKG,PKG, tar:/absolute/path or dir:/absolute/path'),
  resources: resourcesInput.prefault({}),
  env: envField.default({}),
  start: argvField.optional(),
  ready: readyCheckSchema.optional(),
  readyTimeoutMs: z.int().min(readyTimeout.min).max(readyTimeout.max).default(readyTimeout.default),
  egress: egressField.default('none'),
  noCache: z.boolean().default(false).describe('Build a new version even when nothing changed'),
})
export type TemplateBuild = z.input<typeof templateBuildSchema>

/** How far a build is. */
export const buildProgressSchema = z.object({
  step: z.string().describe('In words for people'),
  share: z.number().min(0).max(1).optional(),
})
export type BuildProgress = z.output<typeof buildProgressSchema>

export const templateSchema = z.object({
  ref: z.string(),
  name: z.string(),
  version: z.int(),
  state: z.enum(['building', 'ready', 'failed', 'deleting']),
  failure: z.string().optional(),
  progress: buildProgressSchema.optional().describe('While it is building'),
  source: z.string(),
  resources: resourcesField,
  env: z.record(z.string(), z.string()),
  start: z.array(z.string()).optional(),
  ready: readyCheckSchema.optional(),
  readyTimeoutMs: z.int(),
  egress: egressField,
  contentDigest: z.string(),
  createdAt: timeField,
  rev: revField,
})
export type TemplateResource = z.output<typeof templateSchema>

export const templateListSchema = listOf(templateSchema)

/**
 * The events of `GET /v1/templates/{t}/events`: `progress` as the build goes on, then `done` with the template, or `problem`,
 * and the stream ends.
 */
export const buildEventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('progress'), data: buildProgressSchema }),
  z.object({ event: z.literal('done'), data: templateSchema }),
])
export type BuildEvent = z.output<typeof buildEventSchema>
