import { runCommand } from '../setup/run-command.mjs'

/** Mounts disappear with the namespace, and so does every process that a command leaves behind. */
const enter = `
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
mount --rbind /dev "$1/dev"
root="$1"; user="$2"; shift 2
exec chroot --userspec="$user" "$root" env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin TERM=dumb "$@"
`

/** What this computer needs to reach the network at all, as far as it is said in the environment. */
const networkSettings = ['NODE_EXTRA_CA_CERTS', 'http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']

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
  const env = networkSettings.flatMap((name) => (process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`]))
  const inClone = ['sh', '-c', 'cd /home/user/hearth && exec "$@"', 'inside', ...command]
  const inRoot = [`HOME=${user === 'root' ? '/root' : '/home/user'}`, `USER=${user}`, ...env, ...inClone]
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child']
  const args = [...namespaces, '--', 'sh', '-e', '-c', enter, 'enter', root, `${user}:${user}`, ...inRoot]
  const { code } = await runCommand('unshare', args, {
    onLine: (line) => {
      lines.push(line)
      process.stdout.write(`  ${line}\n`)
    },
  })
  return { code, text: lines.join('\n'), seconds: (performance.now() - startMs) / 1000 }
}
