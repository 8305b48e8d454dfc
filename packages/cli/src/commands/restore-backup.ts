import { backupProgram } from '../connection/backup-program.ts'
import type { Context } from '../context.ts'

interface Restored {
  readonly home: string
  readonly createdAt: string
  readonly restored: boolean
  readonly rows: Readonly<Record<string, number>>
  readonly missing: readonly string[]
  readonly putAside?: string
}

/** `hearth restore-backup FOLDER`: all rows come back; files that are missing are named, and the next server says so in their rows. */
export async function restoreBackup(
  context: Context,
  folder: string,
  options: { readonly force?: true | undefined; readonly check?: true | undefined },
): Promise<void> {
  const flags = [...(options.force ? ['--force'] : []), ...(options.check ? ['--check'] : [])]
  const done = await backupProgram<Restored>(context, ['restore', '--folder', folder, ...flags])
  const where = done.restored ? 'in the home' : 'in the backup'
  for (const path of done.missing) context.say(`missing ${where}: ${path}`)
  if (done.putAside !== undefined) context.say(`the former state is in ${done.putAside}`)
  context.print(done, () => text(done))
}

function text({ restored, home, createdAt, rows }: Restored): string {
  const counts = Object.entries(rows)
    .filter(([, count]) => count > 0)
    .map(([table, count]) => `${count} ${table}`)
    .join(', ')
  return restored
    ? `restored the state of ${createdAt} into ${home}: ${counts}`
    : `the backup of ${createdAt} is whole: ${counts}`
}
