import { chooseHome } from '../connection/home.ts'
import type { Context } from '../context.ts'
import { table } from '../output/table.ts'

/** `hearth config show`: the settings of the command line itself. */
export function configShow(context: Context, homeFlag: string | undefined): void {
  const home = chooseHome(homeFlag, context.env)
  const log = context.env.HEARTH_LOG
  const settings = [
    { name: 'home', ...home },
    { name: 'log', value: log || 'warn', origin: log ? 'environment' : 'default' },
  ]
  context.print(settings, () =>
    table(
      ['SETTING', 'VALUE', 'ORIGIN'],
      settings.map(({ name, value, origin }) => [name, value, origin]),
    ),
  )
}
