import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { node24 } from './node-modules.mjs'

/** What may follow set-up: arguments for Node, relative to the repository. */
export const nextSteps = {
  demo: ['packages/cli/bin/hearth.js', 'demo'],
  test: ['tools/test/main.mjs'],
  bench: ['--conditions=hearth-source', 'bench/main.ts'],
}

/**
 * Runs a step on Node 24, by absolute path and with the repository's programs first in PATH, and passes its end on.
 *
 * @param {string} root
 * @param {keyof typeof nextSteps} name
 * @param {readonly string[]} args handed to the step as they are
 * @returns {Promise<number>} its exit code
 */
export function runNextStep(root, name, args) {
  const bin = join(root, 'node_modules/.bin')
  const env = { ...process.env, PATH: [bin, process.env.PATH ?? ''].join(delimiter) }
  const child = spawn(node24(root), [...nextSteps[name], ...args], { cwd: root, env, stdio: 'inherit' })
  // A terminal sends Ctrl-C to both of us: wait for the step, which has cleaning up to do.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? 128 + (signal === 'SIGINT' ? 2 : 15)))
  })
}
