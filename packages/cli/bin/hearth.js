#!/usr/bin/env node
// Plain JavaScript that Node 20 can read too: it finds a Node that can run the rest.
import { existsSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const oldest = [22, 19]
const package_ = join(dirname(fileURLToPath(import.meta.url)), '..')
const sources = join(package_, 'src/main.ts')

if (isNewEnough(process.versions.node)) await run()
else await runWithOwnNode()

async function run() {
  module.enableCompileCache?.()
  if (!existsSync(sources)) {
    await import(pathToFileURL(join(package_, 'dist/main.js')).href)
    return
  }
  // A checkout: every package from its sources, as with --conditions=hearth-source, without starting Node twice.
  module.registerHooks({
    resolve: (specifier, context, next) => next(specifier, { ...context, conditions: [...context.conditions, 'hearth-source'] }),
  })
  await import(pathToFileURL(sources).href)
}

/** Node 24 comes with the dependencies of a checkout. */
async function runWithOwnNode() {
  const node = join(package_, '../../node_modules/.bin/node')
  if (!existsSync(node)) {
    process.stderr.write(
      `error: Hearth needs Node ${oldest.join('.')} or newer, and this is ${process.version}\n` +
        '  try: run "npm run setup" in the repository, which brings its own, or install a newer Node.\n',
    )
    process.exit(1)
  }
  const { spawn } = await import('node:child_process')
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  // The terminal sends its signals to both; the child decides, and this process lives until it has.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => signal !== 'SIGINT' && child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`error: ${node} cannot be started: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal) process.removeAllListeners(signal)
    if (signal) process.kill(process.pid, signal)
    else process.exit(code ?? 1)
  })
}

function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}
