import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'
import { HearthHome } from './support/hearth-home.ts'
import { ServiceHost, shippedUnit } from './support/service-host.ts'

it('ships a unit without a mistake', async () => {
  await using folder = await scratchFolder()
  const path = join(folder.path, 'hearth.service')
  writeFileSync(path, shippedUnit('/var/lib/hearth'))
  const said = execFileSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8', stdio: 'pipe' })
  expect(said).toBe('')
})

it.runIf(process.getuid?.() === 0)(
  'as a service of a real systemd: machines outlive a restart and a crash of the server',
  async () => {
    await using folder = await scratchFolder()
    await using home = await HearthHome.make()
    await using host = await ServiceHost.start(folder.path, home.path)
    host.systemctl('start', 'hearth')
    await waitUntil('the server', async () => (await home.hearth(['server', 'status'])).code === 0)
    await home.said('template', 'build', 'base', 'builtin:base')
    await home.said('launch', 'base', '--name', 'web', '--egress', 'open')
    const bootId = () => home.said('exec', 'web', '--', 'cat', '/proc/sys/kernel/random/boot_id')
    const first = await bootId()

    const serverPid = host.property('MainPID')
    host.systemctl('restart', 'hearth')
    await waitUntil('the machine after the restart', async () => (await bootId()) === first)
    expect(host.property('MainPID')).not.toBe(serverPid)

    host.systemctl('kill', '--kill-who=main', '--signal=KILL', 'hearth')
    await waitUntil(
      'systemd to start it again',
      () => host.property('NRestarts') === '1' && host.property('SubState') === 'running',
    )
    await waitUntil('the machine after the crash', async () => (await bootId()) === first)
    expect(JSON.parse(await home.said('ls', '--json'))).toMatchObject([{ name: 'web', state: 'running' }])
  },
)
