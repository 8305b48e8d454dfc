import { limits, nameRule, resourceLimits } from '@hearth/model'
import * as z from 'zod'

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
  .regex(/^\/[^\0]*$/, { error: 'an absolute path such as /etc/hosts, without NUL' })

/** Environment variables. */
export const envField = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'letters, digits and "_", not beginning with a digit' }),
    text(131_072),
  )
  .refine((env) => Object.keys(env).length <= limits.envEntries, { error: `at most ${limits.envEntries} variables` })

/** Free text by which users find their things again. */
export const labelsField = z
  .record(z.string().min(1).max(limits.labelBytes), text(limits.labelBytes))
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

/** Text without NUL, at most `max` characters. */
export function text(max: number) {
  return z
    .string()
    .max(max)
    .regex(/^[^\0]*$/, { error: 'text without NUL' })
}

/** A list of resources. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item) })
}

function within(limit: { min: number; max: number; default: number }) {
  return z.int().min(limit.min).max(limit.max).default(limit.default)
}
