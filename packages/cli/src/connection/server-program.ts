import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CliError } from '../cli-error.ts'

/** How the server, or its program for backups, is started: arguments for Node. It is found by path, never imported. */
export function serverProgram(entry: 'main' | 'backup' = 'main'): readonly string[] {
  const path = findServer(entry)
  if (!existsSync(path)) {
    throw new CliError(`the server's program ${path} is not there`, {
      hint: 'Run "npm run build" in the repository, or install again.',
    })
  }
  return path.endsWith('.ts') ? ['--conditions=hearth-source', path] : [path]
}

function findServer(entry: 'main' | 'backup'): string {
  try {
    return fileURLToPath(import.meta.resolve(`@hearth/server/${entry}`))
  } catch (error) {
    throw new CliError('the server is not installed', { hint: 'Install @hearth/server beside @hearth/cli.', cause: error })
  }
}
