/** One thing that was looked at. */
export interface Check {
  readonly name: string
  /** `warning`: Hearth works, with less. */
  readonly status: 'ok' | 'missing' | 'warning'
  /** What was found, or why it matters. */
  readonly detail: string
  /** The exact command, or what else to do. */
  readonly fix?: string
}

export function ok(name: string, detail: string): Check {
  return { name, status: 'ok', detail }
}

export function missing(name: string, detail: string, fix: string): Check {
  return { name, status: 'missing', detail, fix }
}

export function warning(name: string, detail: string, fix: string): Check {
  return { name, status: 'warning', detail, fix }
}
