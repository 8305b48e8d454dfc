import { enableCompileCache } from 'node:module'

// What this process makes is for its user alone, from the first moment.
process.umask(0o077)
// Compiled code is kept in the home (never in a shared /tmp, where others could plant some): a start takes less time and memory.
// A look at the settings leaves nothing.
if (process.env.HEARTH_HOME?.startsWith('/') && !process.argv.includes('--show-config'))
  enableCompileCache(`${process.env.HEARTH_HOME}/cache`)

const { main } = await import('./process/main.ts')
process.exitCode = await main()
