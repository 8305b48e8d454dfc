import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { publish, type Report } from './report.ts'
import type { SuiteOptions } from './suite-options.ts'
import { burstSuite } from './suites/burst.ts'
import { claimSuite } from './suites/claim.ts'
import { densitySuite } from './suites/density.ts'
import { httpSuite } from './suites/http.ts'
import { poolControlPlaneSuite } from './suites/pool-control-plane.ts'
import { restoreSuite } from './suites/restore.ts'
import { snapshotSuite } from './suites/snapshot.ts'
import { storeSuite } from './suites/store.ts'

const suites: Record<string, (options: SuiteOptions) => Promise<Report>> = {
  restore: restoreSuite,
  snapshot: snapshotSuite,
  density: densitySuite,
  http: httpSuite,
  store: storeSuite,
  claim: claimSuite,
  burst: burstSuite,
  'pool-control-plane': poolControlPlaneSuite,
}
const usage = `npm run bench -- ${Object.keys(suites).join('|')} [--json FILE] [--pairs N (30)] [--claims N (1000)] [--peers (installs Docker and libvirt)]`
const peerPackages = ['docker.io', 'libvirt-daemon', 'libvirt-daemon-driver-qemu', 'libvirt-clients']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    pairs: { type: 'string', default: '30' },
    claims: { type: 'string', default: '1000' },
    peers: { type: 'boolean', default: false },
  },
})
const suite = suites[positionals[0] ?? '']
const [pairs, claims] = [Number(values.pairs), Number(values.claims)]
if (!suite || positionals.length !== 1 || ![pairs, claims].every((count) => Number.isInteger(count) && count >= 1)) {
  console.error(usage)
  process.exit(2)
}
if (values.peers) {
  execFileSync('/usr/bin/apt-get', ['install', '-y', '--no-install-recommends', ...peerPackages], { stdio: 'inherit' })
}
await publish(await suite({ pairs, claims, log: (line) => console.error(line) }), values.json)
