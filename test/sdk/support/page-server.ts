import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

const page = `<!doctype html><title>client</title>
<script type="importmap">{"imports": {"@hearth/sdk": "/sdk/index.js"}}</script>
<script type="module">import * as client from '@hearth/sdk'; globalThis.client = client</script>`

/** A web page that finds the client in the files of `dist` by an import map; no bundler had a hand in it. */
export class PageServer {
  readonly origin: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.origin = `http://localhost:${(server.address() as AddressInfo).port}`
  }

  static async start(dist: string): Promise<PageServer> {
    const server = createServer(async (request, answer) => {
      const [, file] = /^\/sdk\/((?:generated\/)?[a-z.-]+\.js)$/.exec(request.url ?? '') ?? []
      if (file === undefined) {
        answer.writeHead(request.url === '/' ? 200 : 404, { 'content-type': 'text/html' }).end(page)
        return
      }
      const text = await readFile(join(dist, file))
      answer.writeHead(200, { 'content-type': 'text/javascript' }).end(text)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new PageServer(server)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
