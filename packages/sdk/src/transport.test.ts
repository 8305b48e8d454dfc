import { expect, it } from 'vitest'
import { HearthApiError, HearthConnectionError } from './errors.ts'
import { fakeFetch } from './testing/fake-fetch.ts'
import { apiPath, Transport } from './transport.ts'

const baseUrl = 'http://host:1/'
const problem = {
  type: 'urn:hearth:error:name_taken',
  title: 'x',
  status: 409,
  code: 'name_taken',
  detail: 'web is taken',
  hint: 'Choose another.',
}

it('turns a problem into an error with its code, status and hint', async () => {
  const { fetch } = fakeFetch({ status: 409, body: JSON.stringify(problem) })
  const failure = await new Transport({ baseUrl, fetch }).json('GET', '/v1/machines').catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(HearthApiError)
  expect(failure).toMatchObject({ code: 'name_taken', status: 409, hint: 'Choose another.', message: 'web is taken' })
})

it('does not take the words of somebody else for a problem', async () => {
  const { fetch } = fakeFetch({ status: 502, body: '<html>bad gateway</html>' })
  const asking = new Transport({ baseUrl, fetch }).json('GET', '/v1/machines')
  await expect(asking).rejects.toThrow(HearthConnectionError)
  await expect(asking).rejects.toThrow('502: <html>bad gateway')
})

it('rejects with the reason of the signal, not with what fetch makes of it', async () => {
  const { fetch } = fakeFetch({})
  const reason = new Error('enough')
  await expect(new Transport({ baseUrl, fetch }).json('GET', '/v1', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

it('keeps the cause when nobody answers', async () => {
  const cause = new TypeError('fetch failed')
  const transport = new Transport({ baseUrl, fetch: () => Promise.reject(cause) })
  await expect(transport.done('POST', '/v1')).rejects.toMatchObject({ name: 'HearthConnectionError', cause })
})

it('escapes every part of a path and of a query, and leaves out what is absent', async () => {
  const { fetch, asked } = fakeFetch({ body: '{}' })
  await new Transport({ baseUrl, fetch }).json('GET', apiPath('machines', '../a b'), {
    query: { path: '/ä&b', depth: undefined },
  })
  expect(asked[0]?.url).toBe('http://host:1/v1/machines/..%2Fa%20b?path=%2F%C3%A4%26b')
})

it('says that a stream is sent in one direction, as fetch wants to be told', async () => {
  const { fetch, asked } = fakeFetch({})
  await new Transport({ baseUrl, fetch }).done('PUT', '/v1', { body: new ReadableStream() })
  await new Transport({ baseUrl, fetch }).done('PUT', '/v1', { json: {} })
  expect(asked.map(({ init }) => init.duplex)).toEqual(['half', undefined])
})
