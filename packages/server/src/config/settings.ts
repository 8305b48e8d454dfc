import { isIPv6 } from 'node:net'
import { poolDefaults, poolLimits } from '@hearth/model'
import * as z from 'zod'

/** Where a value comes from when nothing names it. */
export interface DefaultsContext {
  readonly isRoot: boolean
  /** The user's home directory. */
  readonly userHome: string
  /** `build` of the repository, or what a package brings. */
  readonly assets: string
}

/** One setting: where it can be given, what is allowed, and its default. */
interface Setting<T> {
  readonly flag: string
  readonly env: string
  /** A variable that others know too, looked at after ours. */
  readonly sharedEnv?: string
  readonly schema: z.ZodType<T, unknown>
  readonly fallback: (context: DefaultsContext) => T
  readonly about: string
  /** It may hold a password: no message repeats it. */
  readonly secret?: true
}

const setting = <T>(value: Setting<T>): Setting<T> => value

const absolutePath = z.string().regex(/^\/[^\0]*$/, { error: 'an absolute path' })
/** A list, or its entries with commas between them. */
const list = <T extends z.ZodType>(entry: T) =>
  z.preprocess((value) => (typeof value === 'string' ? value.split(',').map((one) => one.trim()) : value), z.array(entry).min(1))
/** A number of days, at most a hundred years. */
const days = (min: number) => z.coerce.number<unknown>().int().min(min).max(36_500)
const switchSchema = z.preprocess(
  (value) => (value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value),
  z.boolean({ error: 'true or false' }),
)
/** A whole number in bounds. */
const whole = (min: number, max: number) => z.coerce.number<unknown>().int().min(min).max(max)
/** Every setting there is; `docs/reference/config.md` has an entry for each, and a test holds both together. */
export const settings = {
  home: setting({
    flag: 'home',
    env: 'HEARTH_HOME',
    schema: absolutePath,
    fallback: ({ isRoot, userHome }) => (isRoot ? '/var/lib/hearth' : `${userHome}/.hearth`),
    about: 'Where everything is kept; one server at a time owns it.',
  }),
  log: setting({
    flag: 'log',
    env: 'HEARTH_LOG',
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
    fallback: () => 'info' as const,
    about: 'How much the server tells.',
  }),
  listen: setting<{ host: string; port: number } | undefined>({
    flag: 'listen',
    env: 'HEARTH_LISTEN',
    schema: z.string().transform(readAddress),
    fallback: () => undefined,
    about: 'Also answer on this TCP address, to whoever has a key. Beyond loopback only with TLS, or with `insecureListen`.',
  }),
  insecureListen: setting({
    flag: 'insecure-listen',
    env: 'HEARTH_INSECURE_LISTEN',
    schema: switchSchema,
    fallback: () => false,
    about: 'Answer beyond loopback without TLS: for networks where something else encrypts. Keys travel as they are.',
  }),
  tlsCert: setting<string | undefined>({
    flag: 'tls-cert',
    env: 'HEARTH_TLS_CERT',
    schema: absolutePath,
    fallback: () => undefined,
    about: 'The certificate of the TCP address with its chain, PEM; `tlsKey` belongs to it. Read again when it changes.',
  }),
  tlsKey: setting<string | undefined>({
    flag: 'tls-key',
    env: 'HEARTH_TLS_KEY',
    schema: absolutePath,
    fallback: () => undefined,
    about: 'The private key of `tlsCert`, PEM.',
  }),
  corsOrigins: setting<readonly string[]>({
    flag: 'cors-origins',
    env: 'HEARTH_CORS_ORIGINS',
    schema: list(
      z.union([z.literal('*'), z.string().refine(isOrigin, { error: 'origins such as https://console.example.org, or *' })]),
    ),
    fallback: () => [],
    about: 'Web pages of these origins may use the API with a key of their own; none by default.',
  }),
  requestsPerMinute: setting({
    flag: 'requests-per-minute',
    env: 'HEARTH_REQUESTS_PER_MINUTE',
    schema: z.coerce.number<unknown>().int().min(0).max(10_000_000),
    fallback: () => 60_000,
    about: 'How many requests each key has that has no number of its own; 0 sets no limit. The unix socket has none.',
  }),
  openMetrics: setting({
    flag: 'open-metrics',
    env: 'HEARTH_OPEN_METRICS',
    schema: switchSchema,
    fallback: () => false,
    about: 'Answer `/metrics` without a key, on a loopback address.',
  }),
  auditDays: setting({
    flag: 'audit-days',
    env: 'HEARTH_AUDIT_DAYS',
    schema: days(1),
    fallback: () => 90,
    about: 'How long the audit log is kept.',
  }),
  eventsDays: setting({
    flag: 'events-days',
    env: 'HEARTH_EVENTS_DAYS',
    schema: days(1),
    fallback: () => 7,
    about: 'How long events are kept, from which a client that was away goes on.',
  }),
  endedMachinesDays: setting({
    flag: 'ended-machines-days',
    env: 'HEARTH_ENDED_MACHINES_DAYS',
    schema: days(0),
    fallback: () => 7,
    about: 'How long it is known of machines that have ended, and of snapshots that have failed.',
  }),
  cleanerMinutes: setting({
    flag: 'cleaner-minutes',
    env: 'HEARTH_CLEANER_MINUTES',
    schema: z.coerce.number<unknown>().int().min(0).max(10_080),
    fallback: () => 60,
    about: 'How often the cleaner runs; 0: only when asked (`hearth snapshot clean`).',
  }),
  scrubDays: setting({
    flag: 'scrub-days',
    env: 'HEARTH_SCRUB_DAYS',
    schema: days(0),
    fallback: () => 7,
    about: 'A snapshot that was not read for so long is verified in the background, one each minute; 0: never.',
  }),
  database: setting<string | undefined>({
    flag: 'database',
    env: 'HEARTH_DATABASE',
    schema: z.string().refine(isPostgresUrl, { error: 'postgres://USER:PASSWORD@HOST:PORT/DATABASE' }),
    fallback: () => undefined,
    about: 'A PostgreSQL database for the state, which several servers may share; without it `HEARTH_HOME/hearth.db` is used.',
    secret: true,
  }),
  advertise: setting<string | undefined>({
    flag: 'advertise',
    env: 'HEARTH_ADVERTISE',
    schema: z.string().refine(isServerUrl, { error: 'http://HOST:PORT or https://HOST:PORT, without a path' }),
    fallback: () => undefined,
    about: 'Where servers on other computers that share the database reach this one; the TCP address unless it is loopback.',
  }),
  leaseSecs: setting({
    flag: 'lease-secs',
    env: 'HEARTH_LEASE_SECS',
    schema: whole(1, 300),
    fallback: () => 15,
    about: 'After so many seconds of silence a server of a shared database is taken for dead, and others take its pools over.',
  }),
  poolSize: setting({
    flag: 'pool-size',
    env: 'HEARTH_POOL_SIZE',
    schema: whole(poolLimits.size.min, poolLimits.size.max),
    fallback: () => poolDefaults.max,
    about: 'The `max` of a pool that names none.',
  }),
  largestPool: setting({
    flag: 'largest-pool',
    env: 'HEARTH_LARGEST_POOL',
    schema: whole(1, 1000),
    fallback: () => poolLimits.size.max,
    about: 'The largest `max` that a pool may have.',
  }),
  snapshotRefreshSecs: setting({
    flag: 'snapshot-refresh-secs',
    env: 'HEARTH_SNAPSHOT_REFRESH_SECS',
    schema: whole(poolLimits.snapshotMaxAgeMs.min / 1000, poolLimits.snapshotMaxAgeMs.max / 1000),
    fallback: () => poolDefaults.snapshotMaxAgeMs / 1000,
    about: 'After so many seconds the snapshot of a pool that names no age is made anew.',
  }),
  snapshotPath: setting<string | undefined>({
    flag: 'snapshot-path',
    env: 'HEARTH_SNAPSHOT_PATH',
    schema: absolutePath,
    fallback: () => undefined,
    about: 'Another folder for the snapshots than `snapshots` in the home, on the same file system.',
  }),
  drainSecs: setting({
    flag: 'drain-secs',
    env: 'HEARTH_DRAIN_SECS',
    schema: whole(0, 9),
    fallback: () => 5,
    about: 'How long a server that ends takes to end the machines of its pools; what is left then the next one finds.',
  }),
  hostMemoryMiB: setting<number | undefined>({
    flag: 'host-memory-mib',
    env: 'HEARTH_HOST_MEMORY_MIB',
    schema: whole(1, 1024 ** 3),
    fallback: () => undefined,
    about: 'What machines, claimed or waiting, may come to need of memory together, in MiB; pools make none beyond it.',
  }),
  drivers: setting({
    flag: 'drivers',
    env: 'HEARTH_DRIVERS',
    schema: list(z.enum(['qemu', 'memory'])),
    fallback: (): ('qemu' | 'memory')[] => ['qemu'],
    about: 'Which drivers to use; the first makes new templates. `memory` only pretends, and its machines end with the server.',
  }),
  accel: setting({
    flag: 'accel',
    env: 'HEARTH_ACCEL',
    schema: z.enum(['auto', 'kvm', 'tcg']),
    fallback: () => 'auto' as const,
    about: 'How QEMU runs machines; `auto` takes KVM where a probe guest proves it.',
  }),
  assets: setting({
    flag: 'assets',
    env: 'HEARTH_ASSETS',
    schema: absolutePath,
    fallback: ({ assets }) => assets,
    about: 'Where set-up put the guest kernel, the guest agent and the launcher.',
  }),
  otlpEndpoint: setting<string | undefined>({
    flag: 'otlp-endpoint',
    env: 'HEARTH_OTLP_ENDPOINT',
    sharedEnv: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    schema: z.string().refine(isHttpUrl, { error: 'an http:// or https:// address, without user and password' }),
    fallback: () => undefined,
    about: 'Where an OpenTelemetry collector takes traces (OTLP over HTTP); none are made without it.',
  }),
} as const

export type SettingName = keyof typeof settings
/** A value of every setting. */
export type Config = { readonly [Name in SettingName]: (typeof settings)[Name] extends Setting<infer T> ? T : never }

/** Every setting as it is where nothing says otherwise. */
export function defaultConfig(context: DefaultsContext): Config {
  const names = Object.keys(settings) as SettingName[]
  return Object.fromEntries(names.map((name) => [name, settings[name].fallback(context)])) as Config
}

function isPostgresUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text) && URL.canParse(text)
}

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === ''
}

function isServerUrl(text: string): boolean {
  return isHttpUrl(text) && new URL(text).origin === text.replace(/\/$/, '')
}

function isOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text
}

function readAddress(text: string, context: z.RefinementCtx): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text) ?? []
  const host = bracketed !== undefined && isIPv6(bracketed) ? bracketed : plain
  if (host === undefined || !(isIPv6(host) || /^[a-zA-Z0-9.-]{1,253}$/.test(host)) || Number(digits) > 65_535) {
    context.addIssue({ code: 'custom', message: 'an address and port, such as 127.0.0.1:4747 or [::]:4747', input: text })
    return z.NEVER
  }
  return { host, port: Number(digits) }
}
