import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const asked = process.env.HEARTH_PROVE_SETUP === '1'
if (!asked)
  console.warn('NOT RUN: the proof of the set-up in a minimal Debian (minutes, as root). Run it with HEARTH_PROVE_SETUP=1.')

it.runIf(asked)(
  'sets up a minimal Debian from a clean clone, as root and as somebody who may install nothing',
  async () => {
    const script = join(import.meta.dirname, '../../tools/prove-setup.mjs')
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit'] })
    expect(await once(child, 'exit')).toEqual([0, null])
  },
  45 * 60_000,
)
