import { limits, nameRule, resourceLimits } from '@hearth/model'
import * as z from 'zod'

/** Ten years. */
const longestTtlMs = 10 * 365 * 86_400_000

/** A name as users give it. The full rule (no "..") is checked where the name becomes a type. */
export const nameField = z.string().min(1).max(63).describe(nameRule)

/** `name` or `name@version`. */
export const templateRefField = z.string().min(1).max(80).describe('NAME or NAME@VERSION; without a version the newest')

/** A moment, RFC 3339 in UTC. */
export const timeField = z.iso.datetime().describe('RFC 3339, UTC')

/** Permission bits as octal digits, `0644`. */
export const modeField = z.string().regex(/^0?[0-7]{3,4}$/, { error: 'octal permission bits such as 0644' })

/** An absolute path inside the machine. */
export const pathField = z
  .string()
  .max(4095)
  .regex(/^\/[^\0\p{Cs}]*$/u, { error: 'an absolute path such as /etc/hosts, without NUL' })

/** Environment variables. */
export const envField = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'letters, digits and "_", not beginning with a digit' }),
    text(131_072),
  )
  .refine((env) => Object.keys(env).length <= limits.envEntries, { error: `at most ${limits.envEntries} variables` })

/** Free text by which users find their things again. */
export const labelsField = z
  .record(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/, {
      error: 'a key is 1 to 63 of letters, digits, ".", "_", "/", "-", beginning with a letter or digit',
    }),
    text(limits.labelBytes),
  )
  .refine((labels) => Object.keys(labels).length <= limits.labels, { error: `at most ${limits.labels} labels` })

/** Program and arguments; never a shell line. */
export const argvField = z.array(text(limits.argvBytes)).min(1).max(1024)

/** `open` never reaches the host's loopback or metadata addresses. */
export const egressField = z.enum(['none', 'open', 'allow-list'])

/** How a launch is, or was, served. */
export const bootMethodField = z.enum(['warm', 'restored', 'cold'])

/** What a machine may use. */
export const resourcesField = z.object({ vcpus: z.int(), memoryMiB: z.int(), diskMiB: z.int() })

/** Resources as asked for; what is absent gets its default. */
export const resourcesInput = z.strictObject({
  vcpus: within(resourceLimits.vcpus),
  memoryMiB: within(resourceLimits.memoryMiB),
  diskMiB: within(resourceLimits.diskMiB),
})

/** Resources that differ from what they would be. */
export const resourcesChange = z.strictObject({
  vcpus: z.int().min(resourceLimits.vcpus.min).max(resourceLimits.vcpus.max).optional(),
  memoryMiB: z.int().min(resourceLimits.memoryMiB.min).max(resourceLimits.memoryMiB.max).optional(),
  diskMiB: z.int().min(resourceLimits.diskMiB.min).max(resourceLimits.diskMiB.max).optional(),
})

/** A switch in a query string: present without a value, 1 or true; 0 or false. */
export const switchField = z
  .enum(['', '1', 'true', '0', 'false'])
  .transform((value) => value !== '0' && value !== 'false')
  .default(false)

/** Text that a guest can be told: without NUL, and without the half characters that JSON can say and UTF-8 cannot. */
export function text(max: number) {
  return z
    .string()
    .max(max)
    .regex(/^[^\0\p{Cs}]*$/u, { error: 'text without NUL and half surrogates' })
}

/** A list of resources that is given out whole. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item) })
}

/** A part of a list of resources, newest first. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next: z.string().optional().describe('Give it as "cursor" for the next page; absent on the last'),
  })
}

/** Which part of a list is wanted; for the query string. */
export const pageFields = {
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: text(512).min(1).optional().describe('"next" of the page before'),
}

/** A field of a query string that may be there several times. */
export function severalOf<T extends z.ZodType<unknown, string>>(field: T, max = 64) {
  return z.union([field.transform((one) => [one]), z.array(field).max(max)]).optional()
}

/** Labels to look for, each `KEY=VALUE`; every one must be there. */
export const labelFilterField = severalOf(text(2 * limits.labelBytes + 1).regex(/^[^=]+=/, { error: 'KEY=VALUE' }))
  .transform((pairs) => pairs && Object.fromEntries(pairs.map(splitPair)))
  .describe('KEY=VALUE; may be there several times, and every one must agree')

/** How long something is kept, in milliseconds; 0: for ever. */
export const ttlField = z.int().min(0).max(longestTtlMs).describe('Milliseconds since it was made; 0: for ever')

/** How long a machine may live, in milliseconds. */
export const timeoutField = z.int().min(limits.timeoutMs.min).max(limits.timeoutMs.max)

/** What a snapshot is found again by. */
export const tagField = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, { error: 'text without control characters' })
  .describe('Free text by which to find it again')

/** Counted with every change; `If-Match: "REV"` refuses a change of what is not at that count any more. */
export const revField = z.int().describe('Counted with every change; also the ETag')

/** How long the answer may be held back until the work is done, in seconds. */
export const waitQuerySchema = z.strictObject({
  wait: z.coerce.number().min(0).max(600).default(0).describe('Seconds to wait for the result; 0: answer at once with 202'),
})

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}

function within(limit: { min: number; max: number; default: number }) {
  return z.int().min(limit.min).max(limit.max).default(limit.default)
}
