import type { Name, TemplateRef } from './names.ts'

/** What a machine may use. */
export interface Resources {
  readonly vcpus: number
  readonly memoryMiB: number
  /** Size of the machine's own writable disk. */
  readonly diskMiB: number
}

export const resourceLimits = {
  vcpus: { min: 1, max: 32, default: 1 },
  memoryMiB: { min: 128, max: 262_144, default: 256 },
  diskMiB: { min: 64, max: 1_048_576, default: 2048 },
} as const

/** `none`: no network. `open`: outward, never to the host's loopback or metadata addresses. */
export type Egress = 'none' | 'open' | 'allow-list'

/** Where a template's root file system comes from. */
export type ImageSource =
  | { readonly kind: 'builtin'; readonly name: 'base' }
  | { readonly kind: 'debian'; readonly suite: string; readonly include: readonly string[] }
  | { readonly kind: 'tar'; readonly path: string }
  | { readonly kind: 'dir'; readonly path: string }

/** How a template knows that its start command serves. Waited on, never slept on. */
export type ReadyCheck =
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'log'; readonly pattern: string }

/** The recipe, as asked for. Environment variables here are part of the template, so never secrets. */
export interface TemplateSpec {
  readonly name: Name
  readonly source: ImageSource
  readonly resources: Resources
  readonly env: Readonly<Record<string, string>>
  readonly start?: readonly string[]
  readonly ready?: ReadyCheck
  readonly readyTimeoutMs: number
  readonly egress: Egress
}

export type TemplateState = 'building' | 'ready' | 'failed' | 'deleting'

export const templateTransitions = {
  building: ['ready', 'failed', 'deleting'],
  ready: ['deleting'],
  failed: ['deleting'],
  deleting: [],
} as const satisfies Record<TemplateState, readonly TemplateState[]>

/** One immutable version of a template. */
export interface Template {
  readonly ref: TemplateRef
  readonly name: Name
  readonly version: number
  readonly state: TemplateState
  readonly failure?: string
  /** Which driver built it, and in which home. */
  readonly driver: string
  readonly host: string
  readonly spec: TemplateSpec
  /** SHA-256 over everything that went into the build; the cache key. */
  readonly contentDigest: string
  readonly createdAt: number
  /** Compare-and-swap counter of the row. */
  readonly rev: number
}
