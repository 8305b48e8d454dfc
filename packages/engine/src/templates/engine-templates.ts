import type { Egress, ImageSource, Progress, ReadyCheck, Resources, Template } from '@hearth/model'
import type { OnceOptions } from '../idempotency/once.ts'

/** A recipe as users give it; what is absent takes the default. */
export interface TemplateRequest {
  readonly name: string
  readonly source: ImageSource
  readonly resources?: Partial<Resources>
  /** Part of the template, so never secrets. */
  readonly env?: Readonly<Record<string, string>>
  /** A program that stays in the foreground. */
  readonly start?: readonly string[]
  /** Without one the machine counts as ready when its start command has begun. */
  readonly ready?: ReadyCheck
  readonly readyTimeoutMs?: number
  readonly egress?: Egress
}

export interface BuildOptions extends OnceOptions {
  readonly progress?: Progress
  /** Make a new version even when nothing changed. */
  readonly noCache?: boolean
}

/** A build that goes on by itself. */
export interface TemplateBegun {
  /** `building`, or `ready` when nothing has changed since it was built. */
  readonly template: Template
  /** How it ends; a failure that nobody waits for harms nobody. */
  readonly done: Promise<Template>
}

export interface EngineTemplates {
  /** As `build`, but resolves once the version has its row. Rejects when it never comes so far. */
  begin(request: TemplateRequest, options?: BuildOptions): Promise<TemplateBegun>
  /**
   * Builds the next version, or answers with the newest when it has the same content. A version is `ready` when a test restore
   * of its snapshot answered. A failed build leaves a `failed` row that says why, and nothing else; a cancelled one leaves nothing.
   * @throws HearthError `build_failed`, `ready_check_failed` (details: `output`, `console`), `invalid_input`, `cancelled`, `driver_*`
   */
  build(request: TemplateRequest, options?: BuildOptions): Promise<Template>
  /** By name, newest version first. */
  list(): Promise<Template[]>
  /** `NAME` is the newest ready version, or the newest when none is ready. @throws HearthError `template_not_found` */
  show(ref: string): Promise<Template>
  /** Removes one version (`NAME@VERSION`) or all of them (`NAME`). @throws HearthError `template_not_found`, `template_in_use` */
  remove(ref: string): Promise<void>
}
