import type { Name } from '@hearth/model'

/** Who works on the versions of a template has this turn. */
export function templateTurn(name: Name): string {
  return `template ${name}`
}
