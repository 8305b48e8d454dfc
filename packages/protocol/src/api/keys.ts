import { keyScopes } from '@hearth/model'
import * as z from 'zod'
import { listOf, nameField, pageFields, pageOf, switchField, text, timeField } from './fields.ts'

const dayMs = 86_400_000
const longestLifeMs = 3650 * dayMs
const longestGraceMs = 30 * dayMs

const scopeField = z
  .enum(keyScopes)
  .describe(
    'Each includes those before it; use: launch and change machines and snapshots; admin: also templates, namespaces, keys',
  )
const namespacesField = z
  .union([z.literal('*'), z.array(nameField).min(1).max(100)])
  .describe('Where the key is good; "*": everywhere, also for what belongs to no namespace')

/** `POST /v1/keys`. */
export const keyCreateSchema = z.strictObject({
  name: text(100).min(1).describe('What it is for'),
  scope: scopeField.default('use'),
  namespaces: namespacesField.default(['default']),
  ttlMs: z.int().min(1000).max(longestLifeMs).optional().describe('Milliseconds until it expires; absent: it does not'),
  requestsPerMinute: z.int().min(1).max(10_000_000).optional().describe("Absent: the server's default"),
  format: z.enum(['hearth', 'e2b']).default('hearth').describe('How the key begins; clients of E2B insist on e2b_'),
})
export type KeyCreate = z.input<typeof keyCreateSchema>

/** `POST /v1/keys/{key}/rotate`. */
export const keyRotateSchema = z.strictObject({
  graceMs: z.int().min(0).max(longestGraceMs).default(dayMs).describe('How long the old one is still good, in milliseconds'),
})
export type KeyRotate = z.input<typeof keyRotateSchema>

/** An API key, without the key itself. */
export const keySchema = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string().describe('How the key begins: by this its owner recognises it'),
  state: z.enum(['valid', 'rotated', 'expired', 'revoked']).describe('rotated: another took its place, and it is still good'),
  scope: scopeField,
  namespaces: z.union([z.literal('*'), z.array(z.string())]),
  requestsPerMinute: z.int().optional(),
  createdAt: timeField,
  expiresAt: timeField.optional(),
  revokedAt: timeField.optional().describe('In the future while the grace of a rotation lasts'),
  lastUsedAt: timeField.optional().describe('To the minute, and up to a minute late'),
  rotatedTo: z.string().optional().describe('The key that took its place'),
})
export type KeyResource = z.output<typeof keySchema>

/** A key that was just made. */
export const newKeySchema = keySchema.extend({
  key: z.string().describe('The key itself, told this once; the server keeps only its hash'),
})
export type NewKeyResource = z.output<typeof newKeySchema>

/** `GET /v1/keys`. */
export const keyQuerySchema = z.strictObject({ all: switchField.describe('Also those that are good no more') })

export const keyListSchema = listOf(keySchema)

/** `GET /v1/audit`. */
export const auditQuerySchema = z.strictObject(pageFields)

/** One line of the audit log: a request that could change something. */
export const auditEntrySchema = z.object({
  seq: z.int(),
  at: timeField,
  key: z.string().optional().describe('Absent: the owner of the server, on its unix socket'),
  method: z.string(),
  path: z.string().describe('Without its query'),
  namespace: z.string().optional(),
  status: z.int().describe('101: a WebSocket began'),
  requestId: z.string(),
})
export type AuditEntryResource = z.output<typeof auditEntrySchema>

export const auditPageSchema = pageOf(auditEntrySchema)

/** `POST /v1/tickets`. */
export const ticketCreateSchema = z.strictObject({
  path: text(1024)
    .regex(/^\/v1\/[^?#\s]+$/, { error: 'the path of a WebSocket, such as /v1/machines/web/exec, without a query' })
    .describe('Where the ticket is good'),
})
export type TicketCreate = z.input<typeof ticketCreateSchema>

/** A ticket: `?ticket=` on a WebSocket, once, soon. */
export const ticketSchema = z.object({ ticket: z.string(), expiresAt: timeField })
export type Ticket = z.output<typeof ticketSchema>
