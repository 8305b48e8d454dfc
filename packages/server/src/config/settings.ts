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
}

const setting = <T>(value: Setting<T>): Setting<T> => value

const absolutePath = z.string().regex(/^\/[^\0]*$/, { error: 'an absolute path' })
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
    schema: z.string().transform(readLoopback),
    fallback: () => undefined,
    about: 'Also answer on this TCP address; loopback only. Whoever can reach it on this host may do everything, so it is off.',
  }),
  drivers: setting({
    flag: 'drivers',
    env: 'HEARTH_DRIVERS',
    schema: z.preprocess(
      (value) => (typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value),
      z.array(z.enum(['qemu', 'memory'])).min(1),
    ),
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

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === ''
}

function readLoopback(text: string, context: z.RefinementCtx): { host: string; port: number } {
  const match = /^(127\.0\.0\.1|localhost|\[::1\]):([0-9]{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (match?.[1] === undefined || port > 65_535) {
    context.addIssue({ code: 'custom', message: 'a loopback address and port, such as 127.0.0.1:4747', input: text })
    return z.NEVER
  }
  return { host: match[1].replace(/[[\]]/g, ''), port }
}
