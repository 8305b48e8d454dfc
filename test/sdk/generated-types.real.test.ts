import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@hey-api/openapi-ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { askJson, type MemoryServer, memoryServer } from '../server/support/memory-server.ts'

const kept = join(import.meta.dirname, '../../packages/sdk/src/generated/types.gen.ts')

let home: string
let server: MemoryServer

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'hg-'))
  server = await memoryServer(home)
})

afterAll(async () => {
  await server.close()
  rmSync(home, { recursive: true, force: true })
})

it("are what the server's description of its API gives; UPDATE_GENERATED=1 writes them anew", async () => {
  const input = await askJson(home, 'GET', '/openapi.json')
  // The same once more for every namespace.
  const paths = input.paths as Record<string, Record<string, { operationId?: string }>>
  for (const [path, operations] of Object.entries(paths)) {
    if (Object.values(operations).some(({ operationId }) => operationId?.endsWith('InNamespace'))) delete paths[path]
  }
  const made = join(home, 'types')
  await createClient({
    input: input as never,
    output: { path: made },
    plugins: ['@hey-api/typescript'],
    logs: { level: 'silent' },
  })
  const types = readFileSync(join(made, 'types.gen.ts'), 'utf8')
  if (process.env.UPDATE_GENERATED) writeFileSync(kept, types)
  expect(readFileSync(kept, 'utf8')).toBe(types)
})
