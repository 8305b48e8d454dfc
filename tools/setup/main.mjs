/**
 * Makes a fresh clone ready, then starts what was asked for: `node tools/setup/main.mjs [--then demo|test|bench] [-- args…]`.
 * Plain JavaScript for Node 20 or newer with nothing installed. A second run finds everything in place and does nothing.
 */
import { statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installDebianPackages } from './debian-packages.mjs'
import { exclusively } from './exclusive.mjs'
import { fetchGuestKernel, hasGuestKernel } from './guest-kernel.mjs'
import { nextSteps, runNextStep } from './next-step.mjs'
import { installNodeModules, nodeModulesMatchLock } from './node-modules.mjs'
import { checkPlatform } from './platform.mjs'
import { missingRequirements, readRequirements } from './requirements.mjs'
import { buildRustPrograms, rustProgramsAreCurrent } from './rust-programs.mjs'
import { SetupError, say } from './say.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const neededBytes = 3 * 1024 ** 3

try {
  const { next, args } = readArguments(process.argv.slice(2))
  await setUp({ forTests: next === 'test' })
  if (next) process.exitCode = await runNextStep(root, next, args)
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  say(error.message)
  say(error.hint)
  process.exitCode = 1
}

/** @param {{ forTests: boolean }} options */
async function setUp({ forTests }) {
  const { supported, packages: all } = readRequirements(root)
  const packages = forTests ? all : all.filter((requirement) => requirement.for !== 'check')
  checkPlatform(supported)
  const steps = [
    { isDone: () => missingRequirements(packages).length === 0, run: () => installDebianPackages(missingRequirements(packages)) },
    { isDone: () => nodeModulesMatchLock(root), run: () => installNodeModules(root) },
    { isDone: () => hasGuestKernel(root), run: () => fetchGuestKernel(root) },
    { isDone: () => rustProgramsAreCurrent(root), run: () => buildRustPrograms(root) },
  ]
  if (!steps.every((step) => step.isDone())) {
    checkFreeSpace()
    await exclusively(join(root, 'build/setup.pid'), async () => {
      for (const step of steps) if (!step.isDone()) await step.run()
    })
  }
  say(`everything is in place (${(performance.now() / 1000).toFixed(1)} s)`)
}

function checkFreeSpace() {
  const { bavail, bsize } = statfsSync(root)
  if (bavail * bsize >= neededBytes) return
  const free = Math.round((bavail * bsize) / 1024 ** 2)
  throw new SetupError(
    `only ${free} MB are free where ${root} is`,
    'Set-up needs about 3 GB: free some space and run the same command again.',
  )
}

/**
 * Everything behind the name of the next step is the next step's.
 * @param {readonly string[]} argv
 * @returns {{ next?: keyof typeof nextSteps, args: readonly string[] }}
 */
function readArguments([option, step, ...rest]) {
  if (option === undefined) return { args: [] }
  if (option === '--then' && step !== undefined && Object.hasOwn(nextSteps, step)) {
    return { next: /** @type {keyof typeof nextSteps} */ (step), args: rest[0] === '--' ? rest.slice(1) : rest }
  }
  throw new SetupError(
    `"${[option, step].join(' ').trim()}" is not understood`,
    `Write: node tools/setup/main.mjs [--then ${Object.keys(nextSteps).join('|')}] [-- arguments]`,
  )
}
