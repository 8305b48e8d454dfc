import type { Machine } from '@hearth/model'
import type { LaunchWish } from './check-launch.ts'
import type { LaunchPlan } from './launch-plan.ts'

type Planned = Pick<LaunchPlan, 'driver' | 'template' | 'resources' | 'egress' | 'launchEnv' | 'labels'>
type Given = Pick<Machine, 'id' | 'host' | 'network' | 'machineUuid' | 'hostname' | 'createdAt' | 'restoredFrom'>

/** The row with which a launch begins: `starting`, with all that was asked for but secrets and files. */
export function newMachineRow(wish: LaunchWish, plan: Planned, given: Given): Omit<Machine, 'rev'> {
  const { driver, template, resources, egress, launchEnv, labels } = plan
  const { name, hostname, namespace, timeoutMs, onTimeout } = wish
  return {
    ...given,
    namespace,
    ...(name && { name }),
    state: 'starting',
    driver: driver.name,
    template: template.ref,
    resources,
    config: {
      ...(name && { name }),
      ...(hostname && { hostname }),
      env: launchEnv,
      labels,
      egress,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(onTimeout && { onTimeout }),
    },
  }
}
