import {
  type Egress,
  type InjectedFile,
  invalidInput,
  limits,
  type Name,
  parseName,
  parseSnapshotId,
  parseTemplateRef,
  type Resources,
  type SnapshotId,
  type SnapshotManifest,
} from '@hearth/model'
import { checkEnv, checkFiles, checkHostname, checkLabels, oneOf, whole } from '../input/checks.ts'
import type { Reason } from './boot-reasons.ts'
import type { BootChoice, LaunchOptions, LaunchRequest } from './launch-request.ts'

/** What a machine is launched from. */
type Origin =
  | { readonly kind: 'template'; readonly name: Name; readonly version?: number }
  | { readonly kind: 'snapshot'; readonly id: SnapshotId }

/** A launch request whose every part was checked. */
export interface LaunchWish extends LaunchExtras {
  readonly namespace: Name
  readonly origin: Origin
  readonly boot: BootChoice
  readonly resources?: Partial<Resources>
  /** Launched as the source of this snapshot was, but from its template, for that reason. */
  readonly afresh?: { readonly manifest: SnapshotManifest; readonly reason: Reason }
}

/** The checked part that does not say where the machine comes from. */
export interface LaunchExtras {
  readonly name?: Name
  readonly hostname?: string
  readonly env: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly files: readonly InjectedFile[]
  readonly labels: Readonly<Record<string, string>>
  readonly egress?: Egress
  readonly timeoutMs?: number
  readonly onTimeout?: 'destroy' | 'pause'
}

/** @throws HearthError `invalid_input` */
export function checkLaunch(namespace: Name, request: LaunchRequest): LaunchWish {
  const origin = checkOrigin(request)
  const fallback = origin.kind === 'template' ? 'auto' : 'restored'
  const boot = oneOf<BootChoice>(request.boot ?? fallback, ['auto', 'warm', 'restored', 'cold'], 'boot')
  if (request.resources && boot === 'restored') {
    throw invalidInput(
      'resources',
      JSON.stringify(request.resources),
      'none with boot "restored": the machine has those of its snapshot',
    )
  }
  return { ...checkExtras(request), namespace, origin, boot, ...(request.resources && { resources: request.resources }) }
}

/** @throws HearthError `invalid_input` */
export function checkExtras(options: LaunchOptions): LaunchExtras {
  const env = checkEnv(options.env ?? {}, 'env')
  const secrets = checkEnv(options.secrets ?? {}, 'secrets')
  const twice = Object.keys(secrets).find((name) => name in env)
  if (twice) throw invalidInput(`secrets.${twice}`, twice, 'a name that is not in env too')
  return {
    ...(options.name !== undefined && { name: parseName(options.name) }),
    ...(options.hostname !== undefined && { hostname: checkHostname(options.hostname) }),
    env,
    secrets,
    files: checkFiles(options.files ?? []),
    labels: checkLabels(options.labels ?? {}),
    ...(options.timeoutMs !== undefined && { timeoutMs: whole(options.timeoutMs, limits.timeoutMs, 'timeoutMs') }),
    ...(options.onTimeout && { onTimeout: oneOf<'destroy' | 'pause'>(options.onTimeout, ['destroy', 'pause'], 'onTimeout') }),
    ...(options.egress && { egress: oneOf<Egress>(options.egress, ['none', 'open', 'allow-list'], 'egress') }),
  }
}

/** A machine's name as a host name: "." and "_" become "-". */
export function hostnameOf(name: Name | undefined, id: string): string {
  return (name?.replace(/[._]/g, '-') ?? id).slice(0, limits.hostnameLength)
}

function checkOrigin(request: LaunchRequest): Origin {
  const { template, snapshot } = request
  if ((template === undefined) === (snapshot === undefined)) {
    throw invalidInput(
      'template',
      `${template ?? 'none'} and snapshot ${snapshot ?? 'none'}`,
      'exactly one of template and snapshot',
    )
  }
  if (snapshot !== undefined) return { kind: 'snapshot', id: parseSnapshotId(snapshot) }
  return { kind: 'template', ...parseTemplateRef(template ?? '') }
}
