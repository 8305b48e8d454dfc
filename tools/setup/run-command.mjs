import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const tailLines = 30

/**
 * Runs a program without a shell and waits for its end. Its output is kept for an error message, not shown.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, onLine?: (line: string) => void, onStatus?: (line: string) => void }} [options]
 *   `onLine` is told every line of both streams; `onStatus` what the program writes to descriptor 3
 * @returns {Promise<{ code: number, stdout: string, tail: string }>} `tail`: the last lines of both streams; code 127 when it cannot be started
 */
export function runCommand(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    /** @type {string[]} */
    const stdout = []
    /** @type {string[]} */
    const tail = []
    const take = (/** @type {string} */ line) => {
      tail.push(line)
      if (tail.length > tailLines) tail.shift()
      options.onLine?.(line)
    }
    eachLine(child.stdio[1], (line) => {
      stdout.push(line)
      take(line)
    })
    eachLine(child.stdio[2], take)
    eachLine(child.stdio[3], (line) => options.onStatus?.(line))
    child.on('error', (error) => resolve({ code: 127, stdout: '', tail: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, stdout: stdout.join('\n'), tail: tail.join('\n') }))
  })
}

/**
 * @param {unknown} stream one of the pipes to a child
 * @param {(line: string) => void} listener
 */
function eachLine(stream, listener) {
  createInterface({ input: /** @type {import('node:stream').Readable} */ (stream) }).on('line', listener)
}

/**
 * What the last lines of a failed program tell about the network and the disk, as a hint.
 * @param {string} tail
 * @returns {string | undefined}
 */
export function hintFrom(tail) {
  if (/ENOSPC|No space left|not enough free space|don't have enough free space/i.test(tail)) {
    return 'The disk is full: free some space (set-up needs about 3 GB) and run the same command again.'
  }
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|ENETUNREACH|Could not resolve|Temporary failure|Unable to connect|Could not connect|Network is unreachable/i.test(
      tail,
    )
  ) {
    return 'The network, or the server that was asked, cannot be reached: check the connection (and the proxy settings) and run the same command again.'
  }
  if (/SELF_SIGNED_CERT|CERT_|unable to verify|certificate/i.test(tail)) {
    return 'A certificate is not trusted, as behind a proxy with its own: name its file in NODE_EXTRA_CA_CERTS and run the same command again.'
  }
  return undefined
}
