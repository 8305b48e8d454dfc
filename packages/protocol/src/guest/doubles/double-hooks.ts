import type { Clock, HookOrder } from '@hearth/model'
import type { WireItem } from './double-identity.ts'
import type { GuestState } from './guest-state.ts'

/** Runs hooks as the agent does: in the order of their names, until one fails or its time is over. Told when that is so. */
export function runHooks(
  { hooks, frozen }: GuestState,
  clock: Clock,
  order: Pick<HookOrder, 'eachMs' | 'totalMs'>,
  over: (item: WireItem) => void,
): void {
  const names = Object.keys(hooks).sort()
  const end = names.findIndex((name) => hooks[name] !== 0)
  const bad = names[end]
  const run = bad === undefined ? names : names.slice(0, end + 1)
  const evidence = run.map((name) => `${name}=${hooks[name] === 'hangs' ? 137 : hooks[name]}`).join(' ')
  const done = (text: string) => over({ name: 'hooks', status: 0, evidence: text })
  const fail = (detail: string, text = evidence) => over({ name: 'hooks', status: 2, evidence: text, detail })
  if (names.length === 0) done('none')
  else if (frozen) fail('not run, for user processes are frozen', '')
  else if (bad === undefined) done(evidence)
  else if (hooks[bad] !== 'hangs') fail(`${bad} ended with ${hooks[bad]}`)
  else {
    const late = () => fail(`${bad} was not done in time`)
    clock.sleep(Math.min(order.eachMs, order.totalMs)).then(late, late)
  }
}
