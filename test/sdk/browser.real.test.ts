import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type * as sdk from '@hearth/sdk'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CliBed } from '../cli/support/cli-bed.ts'
import { PageServer } from './support/page-server.ts'

const root = join(import.meta.dirname, '../..')

let bed: CliBed
let pages: PageServer
let browser: Browser
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  // What is shipped, not the sources.
  await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-b', join(root, 'packages/sdk')])
  pages = await PageServer.start(join(root, 'packages/sdk/dist'))
  bed = await CliBed.pretended('--port', '0', '--cors', pages.origin)
  await bed.hearth(['template', 'build', 'base', 'builtin:base'])
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  page = await browser.newPage()
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(pages.origin)
})

afterAll(async () => {
  await browser?.close()
  await bed?.stop()
  await pages?.close()
})

/** Where a page has the front door of the client. */
interface OnPage {
  readonly client: typeof sdk
}

it('launches a machine from a web page, speaks with a program in it, and ends it', async () => {
  const seen = await page.evaluate(async (connection) => {
    const { Hearth } = (globalThis as unknown as OnPage).client
    const hearth = new Hearth(connection)
    const machine = await hearth.launch('base', { env: { COLOUR: 'blue' } })
    const shell = await machine.spawn('sh', [], { stdin: true })
    await shell.write('echo $COLOUR; read line; echo "heard $line"; exit 3\n')
    let text = ''
    for await (const { bytes } of shell) {
      text += new TextDecoder().decode(bytes)
      if (text === 'blue\n') await shell.write('hello\n')
    }
    const exit = await shell.wait()
    await machine.files.write('/tmp/a', new Blob(['from a page']))
    const file = await (await machine.files.read('/tmp/a')).text()
    const live = (await hearth.machines.list().toArray()).map(({ id }) => id === machine.id)
    await machine.remove()
    return { text, exit, file, live }
  }, bed.remote)
  expect(seen).toEqual({ text: 'blue\nheard hello\n', exit: { code: 3 }, file: 'from a page', live: [true] })
})

it('carries megabytes to a page that reads slowly', async () => {
  const bytes = await page.evaluate(async (connection) => {
    const { Hearth } = (globalThis as unknown as OnPage).client
    const machine = await new Hearth(connection).launch('base')
    const program = await machine.spawn('head', ['-c', '8000000', '/dev/zero'])
    let size = 0
    let chunks = 0
    for await (const { bytes } of program) {
      size += bytes.byteLength
      if (chunks++ % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await machine.remove()
    return size
  }, bed.remote)
  expect(bytes).toBe(8_000_000)
})

it('hears of changes, and stops when told to', async () => {
  const states = await page.evaluate(async (connection) => {
    const { Hearth } = (globalThis as unknown as OnPage).client
    const hearth = new Hearth(connection)
    const stop = new AbortController()
    const states: string[] = []
    const listening = (async () => {
      for await (const { kind, state } of hearth.events({ after: 0, kind: ['machine'], signal: stop.signal })) {
        states.push(`${kind} ${state}`)
        if (state === 'paused') stop.abort(new Error('enough'))
      }
    })().catch((error: Error) => error.message)
    const machine = await hearth.launch('base')
    await machine.pause()
    const why = await listening
    await machine.remove()
    return [why, states.includes('machine running')]
  }, bed.remote)
  expect(states).toEqual(['enough', true])
})

it('tells a page what it may not do', async () => {
  const refusals = await page.evaluate(async ({ baseUrl }) => {
    const { Hearth, isHearthError } = (globalThis as unknown as OnPage).client
    const wrong = new Hearth({ baseUrl, apiKey: `hearth_${'0'.repeat(40)}` })
    const errors = await Promise.all([
      wrong.launch('base').catch((error: unknown) => error),
      wrong.machines
        .ref('web')
        .spawn('true')
        .catch((error: unknown) => error),
    ])
    return errors.map((error) => [isHearthError(error, 'unauthenticated'), isHearthError(error) && error.requestId !== undefined])
  }, bed.remote)
  expect(refusals).toEqual([
    [true, true],
    [true, true],
  ])
  expect(complaints).toEqual([])
})

it('is kept from pages of other origins', async () => {
  const stranger = await PageServer.start(join(root, 'packages/sdk/dist'))
  const other = await browser.newPage()
  await other.goto(stranger.origin)
  const name = await other.evaluate(async (connection) => {
    const { Hearth } = (globalThis as unknown as OnPage).client
    const error = await new Hearth({ ...connection, maxRetries: 0 }).system.get().catch((reason: Error) => reason)
    return error instanceof Error ? error.name : 'an answer'
  }, bed.remote)
  await other.close()
  await stranger.close()
  expect(name).toBe('HearthConnectionError')
})
