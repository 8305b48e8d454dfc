import { allTaken } from './output/write-out.ts'
import { runCommandLine } from './run-command-line.ts'

const code = await runCommandLine(process.argv, process.env)
await Promise.all([allTaken(process.stdout), allTaken(process.stderr)])
process.exit(code)
