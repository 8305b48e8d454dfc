import { backupProgram } from '../connection/backup-program.ts'
import type { Context } from '../context.ts'
import { size } from '../output/units.ts'

interface Saved {
  readonly folder: string
  readonly files: number
  readonly sizeBytes: number
  readonly problems: readonly string[]
  readonly missing: readonly string[]
}

/** `hearth backup FOLDER`. The exit code is 1 when the state that was saved is not sound. */
export async function backup(context: Context, folder: string, withFiles: boolean): Promise<number> {
  const saved = await backupProgram<Saved>(context, ['save', '--folder', folder, ...(withFiles ? ['--with-files'] : [])])
  for (const problem of saved.problems) context.say(`wrong: ${problem}`)
  for (const path of saved.missing) context.say(`missing in the home: ${path}`)
  context.print(saved, () => `saved ${saved.files} files, ${size(saved.sizeBytes)}, in ${saved.folder}`)
  if (!withFiles) context.say('The files of templates and snapshots are not in it; --with-files saves them too.')
  return saved.problems.length > 0 ? 1 : 0
}
