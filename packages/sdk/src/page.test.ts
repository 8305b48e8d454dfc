import { expect, it } from 'vitest'
import { Hearth } from './hearth.ts'
import { Listing } from './page.ts'
import { scriptedFetch } from './testing/scripted-fetch.ts'

/** Seven numbers, three a page. */
function numbers() {
  const asked: (string | undefined)[] = []
  const list = new Listing(async (cursor) => {
    asked.push(cursor)
    const start = Number(cursor ?? 0)
    const items = [0, 1, 2, 3, 4, 5, 6].slice(start, start + 3)
    return start + 3 < 7 ? { items, next: String(start + 3) } : { items }
  })
  return { list, asked }
}

it('reads page after page, and asks for none that is not wanted', async () => {
  const { list, asked } = numbers()
  expect(await list.toArray()).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(asked).toEqual([undefined, '3', '6'])
  asked.length = 0
  expect(await list.toArray(3)).toEqual([0, 1, 2])
  expect(asked).toEqual([undefined])
  expect(await list.toArray(0)).toEqual([])
})

it('gives single pages too', async () => {
  const { list } = numbers()
  expect(await list.page()).toEqual({ items: [0, 1, 2], next: '3' })
  expect(await list.page('6')).toEqual({ items: [6] })
  expect((await Array.fromAsync(list.pages())).map(({ items }) => items.length)).toEqual([3, 3, 1])
})

it('says in the query what is wanted of a list', async () => {
  const { fetch, asked } = scriptedFetch([{ body: '{"items":[]}' }])
  const hearth = new Hearth({ baseUrl: 'http://h', fetch })
  await hearth.machines.list({ state: ['running', 'paused'], labels: { a: '1', b: '=' }, limit: 7 }).page('c')
  await hearth
    .in('team-a')
    .snapshots.list({ pinned: true, createdAfter: new Date(0) })
    .toArray()
  expect(asked.map(({ url }) => url)).toEqual([
    'http://h/v1/machines?limit=7&state=running&state=paused&label=a%3D1&label=b%3D%3D&cursor=c',
    'http://h/v1/namespaces/team-a/snapshots?pinned=true&createdAfter=1970-01-01T00%3A00%3A00.000Z',
  ])
})
