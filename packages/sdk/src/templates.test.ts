import { expect, it } from 'vitest'
import { Hearth } from './hearth.ts'
import { fakeFetch } from './testing/fake-fetch.ts'

const spec = { name: 'web', source: 'builtin:base' }
const line = (data: object) => `${JSON.stringify(data)}\n`
const connected = (...body: string[]) => new Hearth({ baseUrl: 'http://h', fetch: fakeFetch({ body }).fetch })

it('tells each step and resolves to the template', async () => {
  const hearth = connected(
    line({ type: 'progress', step: 'packing', share: 0.5 }),
    line({ type: 'done', template: { ref: 'web@1' } }),
  )
  const steps: unknown[] = []
  const template = await hearth.templates.build({ ...spec, onProgress: (step) => steps.push(step) })
  expect([steps, template]).toEqual([[{ step: 'packing', share: 0.5 }], { ref: 'web@1' }])
})

it('rejects when the build fails, with the code', async () => {
  const error = { type: 't', title: 't', status: 422, code: 'build_failed', detail: 'no such suite' }
  await expect(connected(line({ type: 'error', error })).templates.build(spec)).rejects.toMatchObject({ code: 'build_failed' })
})

it('never takes a build that was cut off for one that is done', async () => {
  await expect(connected(line({ type: 'progress', step: 'packing' })).templates.build(spec)).rejects.toThrow(
    'without saying how it went',
  )
})
