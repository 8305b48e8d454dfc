import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * One SHA-256 over the names and bytes of files and folders below `root`; what is absent counts as absent.
 * @param {string} root
 * @param {readonly string[]} paths
 * @param {readonly string[]} facts further things the result depends on
 */
export function contentHash(root, paths, facts = []) {
  const hash = createHash('sha256')
  for (const fact of facts) hash.update(`fact ${fact.length} ${fact}\n`)
  for (const path of paths) for (const file of filesBelow(root, path)) addFile(hash, root, file)
  return hash.digest('hex')
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} root
 * @param {string} file
 */
function addFile(hash, root, file) {
  const content = readFileSync(join(root, file))
  hash.update(`file ${file} ${content.length}\n`).update(content)
}

/**
 * @param {string} root
 * @param {string} path
 * @returns {string[]}
 */
function filesBelow(root, path) {
  const full = join(root, path)
  if (!existsSync(full)) return []
  const kind = lstatSync(full)
  if (kind.isFile()) return [path]
  if (!kind.isDirectory()) return []
  return readdirSync(full)
    .filter((name) => name !== 'target')
    .sort()
    .flatMap((name) => filesBelow(root, join(path, name)))
}
