import { runCommand } from '../setup/run-command.mjs'

/** Mounts disappear with the namespace, and so does every process that a command leaves behind. */
const enter = `
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
mount --rbind /dev "$1/dev"
root="$1"; user="$2"; home="$3"; shift 3
exec chroot --userspec="$user" "$root" env -i HOME="$home" USER="$user" PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin TERM=dumb \
  sh -c 'cd /home/user/hearth && exec "$@"' inside "$@"
`

/**
 * Runs a command inside a root, in the clone, with nothing of our environment, and shows what it says.
 *
 * @param {string} root
 * @param {'root' | 'user'} user
 * @param {readonly string[]} command
 * @returns {Promise<{ code: number, text: string, seconds: number }>} `text`: every line of both streams
 */
export async function runInside(root, user, command) {
  process.stdout.write(`\n$ ${command.join(' ')}    (as ${user})\n`)
  const startMs = performance.now()
  /** @type {string[]} */
  const lines = []
  const home = user === 'root' ? '/root' : '/home/user'
  const args = [
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--',
    'sh',
    '-e',
    '-c',
    enter,
    'enter',
    root,
    `${user}:${user}`,
    home,
    ...command,
  ]
  const { code } = await runCommand('unshare', args, {
    onLine: (line) => {
      lines.push(line)
      process.stdout.write(`  ${line}\n`)
    },
  })
  return { code, text: lines.join('\n'), seconds: (performance.now() - startMs) / 1000 }
}
