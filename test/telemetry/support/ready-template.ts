import { askJson, buildBase } from '../../server/support/memory-server.ts'
import { waitUntil } from '../../support/wait-until.ts'

/** Builds the template `base` and waits until machines can be launched from it. */
export async function readyTemplate(home: string): Promise<void> {
  await buildBase(home)
  await waitUntil('the template to be ready', async () => (await askJson(home, 'GET', '/v1/templates/base')).state === 'ready')
}
