import { liveMachineStates, type Machine, type Name, type Page, parseName, parseTemplateRef } from '@hearth/model'
import type { Context } from '../context.ts'
import { whole } from '../input/checks.ts'
import type { MachineQuery } from './engine-machines.ts'

/** Most rows that are given out at once. */
export const longestPage = 1000
const usualPage = 100

/** Machines of one namespace that fit, newest first; those that live unless other states are asked for. */
export async function pageOfMachines(
  context: Pick<Context, 'store'>,
  namespace: Name,
  query: MachineQuery,
): Promise<Page<Machine>> {
  const { all = false, states, name, template, driver, labels, restoredFrom, cursor } = query
  if (template !== undefined) parseTemplateRef(template)
  const wanted = states ?? (all ? undefined : liveMachineStates)
  return context.store.machines.page(
    {
      namespace,
      ...(wanted && { states: wanted }),
      ...(name !== undefined && { name: parseName(name) }),
      ...(template !== undefined && { template }),
      ...(driver !== undefined && { driver }),
      ...(labels && { labels }),
      ...(restoredFrom !== undefined && { restoredFrom }),
    },
    { limit: whole(query.limit ?? usualPage, { min: 1, max: longestPage }, 'limit'), ...(cursor !== undefined && { cursor }) },
  )
}
