import { expect, it } from 'vitest'
import { Hearth } from './hearth.ts'
import { scriptedFetch } from './testing/scripted-fetch.ts'

const building = JSON.stringify({ ref: 'web@1', state: 'building' })
const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

function connected(...events: string[]) {
  const { fetch, asked } = scriptedFetch([{ status: 202, body: building }, { body: events.join('') }, { status: 204 }])
  return { templates: new Hearth({ baseUrl: 'http://h', fetch }).templates, asked }
}

it('tells each step and resolves to the template', async () => {
  const { templates, asked } = connected(
    ':\n\n',
    event('progress', { step: 'packing', share: 0.5 }),
    event('done', { ref: 'web@1', state: 'ready' }),
  )
  const steps: unknown[] = []
  const template = await templates.build('web', 'builtin:base', { onProgress: (step) => steps.push(step) })
  expect([steps, template]).toEqual([[{ step: 'packing', share: 0.5 }], { ref: 'web@1', state: 'ready' }])
  expect(asked.map(({ init, url }) => `${init.method} ${url}`)).toEqual([
    'POST http://h/v1/templates',
    'GET http://h/v1/templates/web%401/events',
  ])
})

it('does not wait for what is ready already', async () => {
  const { fetch } = scriptedFetch([{ body: JSON.stringify({ ref: 'web@1', state: 'ready' }) }])
  const { templates } = new Hearth({ baseUrl: 'http://h', fetch })
  expect(await templates.build('web', 'builtin:base')).toMatchObject({ ref: 'web@1' })
})

it('rejects when the build fails, with the code', async () => {
  const problem = { type: 't', title: 't', status: 422, code: 'build_failed', detail: 'no such suite' }
  await expect(connected(event('problem', problem)).templates.build('web', 'builtin:base')).rejects.toMatchObject({
    code: 'build_failed',
  })
})

it('never takes a build that was cut off for one that is done', async () => {
  const { templates } = connected(event('progress', { step: 'packing' }))
  await expect(templates.build('web', 'builtin:base')).rejects.toThrow('without saying how it went')
})
