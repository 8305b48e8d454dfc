import { execFileSync } from 'node:child_process'
import { statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { apiClient, type Call, itemsOf } from '../server/support/api-client.ts'
import { ServerProcess } from '../server/support/server-process.ts'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'

const isRoot = process.getuid?.() === 0

describe.skipIf(!isRoot)(
  isRoot ? 'a home whose disk is full' : 'a home whose disk is full (only root mounts a small one)',
  () => {
    let folder: ScratchFolder
    let home: string
    let server: ServerProcess
    let call: Call

    beforeEach(async () => {
      folder = await scratchFolder()
      home = join(folder.path, 'h')
      execFileSync('mkdir', [home])
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0711', 'none', home])
      server = await ServerProcess.start(home)
      call = apiClient(home)
    })
    afterEach(async () => {
      await server.kill()
      execFileSync('umount', [home])
      await folder[Symbol.asyncDispose]()
    })

    it('answers, says what is wrong, leaves nothing half done, and goes on when there is room', async () => {
      expect((await call('POST', '/v1/templates?wait=60', { name: 'base', source: 'builtin:base' })).status).toBe(201)
      const ballast = join(home, 'ballast')
      const free = statfsSync(home)
      writeFileSync(ballast, Buffer.alloc(free.bavail * free.bsize))
      const made: string[] = []
      const refused = await untilRefused(made)
      expect(refused).toMatchObject({ status: 503, body: { code: 'store_unavailable', detail: expect.stringMatching(/full/) } })
      expect(refused.headers['retry-after']).toBeDefined()
      expect((await call('GET', '/healthz')).status).toBe(200)
      expect(itemsOf(await call('GET', '/v1/machines?limit=1000'))).toHaveLength(made.length)

      truncateSync(ballast)
      const after = await call('POST', '/v1/machines', { template: 'base' })
      expect(after.status).toBe(201)
      const rows = itemsOf(await call('GET', '/v1/machines?limit=1000'))
      expect(rows.map(({ state }) => state)).toEqual(rows.map(() => 'running'))
      expect(rows.map(({ id }) => id).sort()).toEqual([...made, (after.body as { id: string }).id].sort())
    })

    async function untilRefused(made: string[]) {
      for (;;) {
        const answer = await call('POST', '/v1/machines', { template: 'base', labels: { filler: 'x'.repeat(250) } })
        if (answer.status !== 201) return answer
        made.push((answer.body as { id: string }).id)
        if (made.length > 900) throw new Error('the disk is never full')
      }
    }
  },
)
