import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Panel {
  readonly type: string
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}

interface Dashboard {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] }
}

/** Each question of each panel, with the dashboard's variables filled in as Grafana does for "All". */
export function dashboardPanels(): { readonly title: string; readonly expression: string }[] {
  return readDashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      expression: expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(job|instance)/g, '.*'),
    })),
  )
}

/** The variables a person may choose, but for the data source. */
export function dashboardVariables(): string[] {
  return readDashboard()
    .templating.list.filter(({ type }) => type === 'query')
    .map(({ name }) => name)
}

function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../../../deploy/grafana/hearth.json'), 'utf8')) as Dashboard
}
