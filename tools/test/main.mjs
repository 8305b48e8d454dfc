/**
 * All tests: Rust, then unit, real and e2e. Arguments go to vitest (`--project unit`, a path, `-t name`); with any, Rust is
 * left out, and `--project rust` runs Rust alone. The last line counts everything.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCargo } from '../rust/run-cargo.mjs'
import { addCounts, closingLine, countCargoLine, countVitestReport, nothingCounted, withExitCode } from './counts.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

const args = process.argv.slice(2)
const rustAlone = args.join(' ') === '--project rust' || args.join(' ') === '--project=rust'
const rust = rustAlone || args.length === 0 ? await runRust() : nothingCounted
const typeScript = rustAlone ? nothingCounted : await runVitest(args)
const total = addCounts(rust, typeScript)
process.stdout.write(`${closingLine(total)}\n`)
process.exitCode = total.failed === 0 ? 0 : 1

/** @returns {Promise<import('./counts.mjs').Counts>} */
async function runRust() {
  let counts = nothingCounted
  const code = await runCargo(root, ['test', '--workspace', '--no-fail-fast'], (line) => {
    counts = addCounts(counts, countCargoLine(line))
  })
  return withExitCode(counts, code)
}

/**
 * @param {readonly string[]} vitestArgs
 * @returns {Promise<import('./counts.mjs').Counts>}
 */
async function runVitest(vitestArgs) {
  mkdirSync(join(root, 'build'), { recursive: true })
  const folder = mkdtempSync(join(root, 'build/test-'))
  const report = join(folder, 'vitest.json')
  try {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const code = await run(process.execPath, [vitest, 'run', '--passWithNoTests=false', ...reporters, ...vitestArgs])
    const counts = existsSync(report) ? countVitestReport(JSON.parse(readFileSync(report, 'utf8'))) : nothingCounted
    return withExitCode(counts, code)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * @param {string} command
 * @param {readonly string[]} commandArgs
 * @returns {Promise<number>}
 */
function run(command, commandArgs) {
  const child = spawn(command, commandArgs, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  process.once('SIGTERM', () => child.kill('SIGTERM'))
  process.on('SIGINT', () => {})
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}
