import {
  driverError,
  HearthError,
  invalidInput,
  type Name,
  type Pool,
  parseTemplateRef,
  type Resources,
  type Template,
  templateRef,
} from '@hearth/model'
import { checkResources } from '../input/checks.ts'
import { findTemplate } from '../templates/find-template.ts'
import { checkPoolSettings } from './check-settings.ts'
import type { PoolRequest } from './engine-pools.ts'
import type { PoolContext } from './pool-context.ts'
import { isUnderway, underway } from './rollout.ts'

/** The row that a request asks for, `before` being what there is. @throws HearthError see `EnginePools.set` */
export async function newPool(
  context: PoolContext,
  name: Name,
  request: PoolRequest,
  before: Pool | undefined,
): Promise<Omit<Pool, 'rev'>> {
  const { largestPool, poolDefaults } = context.options
  const kept = request.replace ? undefined : before
  const settings = checkPoolSettings(request.settings ?? {}, kept?.settings ?? poolDefaults, largestPool)
  for (const validator of settings.validators) {
    if (validator.kind === 'custom' && !(validator.name in context.validators)) {
      throw new HearthError('invalid_input', `validators: this server has no validator ${JSON.stringify(validator.name)}`)
    }
  }
  const { name: templateName, version } = parseTemplateRef(request.template ?? (kept ? `${kept.template}@${kept.version}` : name))
  const template = await findTemplate(context, templateName, version)
  if (template.state !== 'ready') {
    throw new HearthError('state_conflict', `template ${template.ref} is ${template.state}, not ready`)
  }
  if (before && isUnderway(before.rollout) && template.ref !== templateRef(before.template, before.version))
    throw underway(before)
  const driver = context.drivers.of(template.driver)
  if (!driver.capabilities.memorySnapshots) {
    throw driverError('Misconfigured', `driver ${driver.name} has no memory snapshots, of which pools are made`)
  }
  await refuseSameMachines(context, name, template)
  return {
    name,
    template: templateName,
    version: template.version,
    driver: driver.name,
    resources: checkSize(request.resources ?? {}, template.spec.resources),
    settings,
    state: 'active',
    createdAt: before?.createdAt ?? context.clock.now(),
  }
}

/** A pool's machines are restored, so they have what the template's snapshot was taken with. @throws HearthError `invalid_input` */
function checkSize(wanted: Partial<Resources>, own: Resources): Resources {
  const resources = checkResources(wanted, own)
  for (const name of ['vcpus', 'memoryMiB', 'diskMiB'] as const) {
    if (resources[name] === own[name]) continue
    throw invalidInput(
      `resources.${name}`,
      resources[name],
      `${own[name]}, as the template has it: build a template of the other size`,
    )
  }
  return resources
}

/** Which of two pools of the same machines a launch is served by would be chance. */
async function refuseSameMachines(context: PoolContext, name: Name, template: Template): Promise<void> {
  const other = (await context.store.pools.list()).find(
    (each) => each.name !== name && each.template === template.name && each.version === template.version,
  )
  if (!other) return
  throw new HearthError('state_conflict', `pool ${other.name} has machines of ${template.ref} already`, {
    hint: `Change that one: "hearth pool set ${other.name} …".`,
  })
}
