import * as z from 'zod'
import { argvField, envField, listOf, pathField, text, timeField } from './fields.ts'
import { problemSchema } from './problem.ts'

const size = { cols: z.int().min(1).max(1000), rows: z.int().min(1).max(1000) }
const tag = text(128).min(1)

/** Starts a process: the first message of `GET /v1/machines/{m}/exec` (WebSocket, text). */
export const execStartSchema = z.strictObject({
  argv: argvField,
  env: envField.default({}),
  cwd: pathField.optional(),
  user: text(64).min(1).optional().describe('Name or uid[:gid]; root when absent'),
  pty: z.strictObject(size).optional(),
  stdin: z.boolean().default(false).describe('Keep stdin open; otherwise it is /dev/null'),
  tag: tag.optional().describe('A name by which the process can be found again'),
  detach: z.boolean().default(false).describe('The process goes on when this socket closes'),
})
export type ExecStart = z.input<typeof execStartSchema>

/** Attaches to a running process, by id or tag: the other first message. */
export const execAttachSchema = z.strictObject({
  attach: z.union([z.int().min(0), tag]),
  detach: z.boolean().default(false),
})
export type ExecAttach = z.input<typeof execAttachSchema>

export const execOpeningSchema = z.union([execStartSchema, execAttachSchema])

/**
 * Later text messages of the client. Binary messages are one channel byte (0: stdin) and bytes.
 * Between `pause` and `resume` the server sends no output: a browser's WebSocket cannot hold the sender back by itself.
 */
export const execControlSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('eof') }),
  z.strictObject({ type: z.literal('resize'), ...size }),
  z.strictObject({ type: z.literal('signal'), signal: z.int().min(1).max(64) }),
  z.strictObject({ type: z.literal('pause') }),
  z.strictObject({ type: z.literal('resume') }),
])
export type ExecControl = z.output<typeof execControlSchema>

/**
 * Text messages of the server; `exit` and `error` are the last. Binary messages are one channel byte (1 stdout, 2 stderr) and bytes.
 * Between `pause` and `resume` the client sends no stdin: control messages must get through to a process that does not read.
 */
export const execEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('started'),
    execId: z.int(),
    pid: z.int(),
    lostBytes: z.int().describe('Output dropped before this attachment'),
  }),
  z.object({ type: z.literal('pause') }),
  z.object({ type: z.literal('resume') }),
  z.object({ type: z.literal('exit'), code: z.int(), signal: z.int().optional() }),
  z.object({ type: z.literal('error'), error: problemSchema }),
])
export type ExecEvent = z.output<typeof execEventSchema>

/** The channel byte in front of binary messages. */
export const execChannels = { stdin: 0, stdout: 1, stderr: 2 } as const

/** `POST /v1/machines/{m}/exec`: runs a process to its end. For long ones, and for streams, there is the WebSocket. */
export const execRunSchema = z.strictObject({
  argv: argvField,
  env: envField.default({}),
  cwd: pathField.optional(),
  user: text(64).min(1).optional().describe('Name or uid[:gid]; root when absent'),
  input: z.string().max(1_048_576).optional().describe('Its whole stdin, as text or, with encoding base64, as Base64'),
  encoding: z.enum(['utf8', 'base64']).default('utf8').describe('Of input, stdout and stderr; what is no UTF-8 becomes U+FFFD'),
  timeoutMs: z.int().min(1).max(600_000).default(60_000).describe('Then it is killed'),
  maxOutputBytes: z.int().min(0).max(8_388_608).default(1_048_576).describe('Of stdout and of stderr; what is beyond is dropped'),
})
export type ExecRun = z.input<typeof execRunSchema>

export const execRunResultSchema = z.object({
  code: z.int().describe('The exit code, or 128 + signal'),
  signal: z.int().optional(),
  stdout: z.string(),
  stderr: z.string(),
  encoding: z.enum(['utf8', 'base64']),
  truncated: z.boolean().describe('There was more output'),
  timedOut: z.boolean().describe('It was killed because its time was over'),
  tookMs: z.number(),
})
export type ExecRunResult = z.output<typeof execRunResultSchema>

export const execInfoSchema = z.object({
  execId: z.int(),
  pid: z.int(),
  argv: z.array(z.string()),
  tag: z.string().optional(),
  running: z.boolean(),
  exit: z.object({ code: z.int(), signal: z.int().optional() }).optional(),
  startedAt: timeField,
})
export type ExecInfoResource = z.output<typeof execInfoSchema>
export const execListSchema = listOf(execInfoSchema)
