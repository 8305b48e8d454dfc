import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { say } from './say.mjs'

/**
 * Runs `work` while no other process does, told by a file that names its owner. A dead owner's file is taken over.
 * @param {string} path
 * @param {() => Promise<void>} work
 */
export async function exclusively(path, work) {
  mkdirSync(dirname(path), { recursive: true })
  for (let told = false; !take(path); told = true) {
    if (!told) say(`waiting for another set-up (process ${readOwner(path)})`)
    await pause(200)
  }
  try {
    await work()
  } finally {
    rmSync(path, { force: true })
  }
}

/** @param {string} path */
function take(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
  }
  const owner = readOwner(path)
  if (owner !== '' && !existsSync(`/proc/${owner}`)) rmSync(path, { force: true })
  return false
}

/** @param {string} path */
function readOwner(path) {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
}
