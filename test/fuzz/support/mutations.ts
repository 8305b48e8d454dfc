import type { Asked } from './asked.ts'
import type { Chance } from './chance.ts'
import { type Draft, written } from './compose.ts'
import { hostileHeaders, hostilePathParts, hostileTexts, hostileValues } from './hostile-texts.ts'
import { tampered } from './tampered.ts'

/** Makes something wrong with a good request; `undefined` where it has nothing to be wrong with. */
type Mutation = (draft: Draft, chance: Chance) => Asked | undefined

const inPath: Mutation = (draft, chance) => {
  const names = Object.keys(draft.path)
  if (names.length === 0) return undefined
  draft.path[chance.pick(names)] = chance.pick(hostilePathParts)
  return written(draft)
}

const behindPath: Mutation = (draft, chance) => {
  const asked = written(draft)
  const [path = '', search = ''] = asked.path.split('?')
  const tricked = chance.pick([
    `${path}/`,
    `${path}//`,
    `/${path}`,
    `${path}/..`,
    `${path}/%2e%2e/x`,
    `/v1/..${path}`,
    `${path}.json`,
    path.toUpperCase(),
    `${path}%00`,
  ])
  return { ...asked, path: search === '' ? tricked : `${tricked}?${search}` }
}

const inQuery: Mutation = (draft, chance) => {
  const known = draft.operation.parameters.filter((one) => one.in === 'query').map(({ name }) => name)
  const name =
    known.length === 0 || chance.odds(0.2) ? chance.pick(['unknown', '__proto__', 'constructor', 'a[b]', '']) : chance.pick(known)
  if (chance.odds(0.7)) draft.query = draft.query.filter(([other]) => other !== name)
  draft.query.push([name, chance.pick(hostileTexts)])
  return written(draft)
}

const wrongCursor: Mutation = (draft, chance) => {
  if (!draft.operation.parameters.some(({ name }) => name === 'cursor')) return undefined
  draft.query = [['cursor', tampered(chance)]]
  return written(draft)
}

const rawQuery: Mutation = (draft, chance) => {
  const asked = written(draft)
  const tail = chance.pick([
    '?',
    '?&&&',
    '?=',
    '?path',
    '?path=%',
    '?path=%ff',
    '?limit=1&limit=2',
    '?label=a=b&label=a=c',
    '?state[]=running',
    `?${'a=b&'.repeat(1500)}`,
    '?cursor[__proto__][x]=1',
    '#x',
    '??',
    '?wait=1e400',
    '?wait=-0',
  ])
  return { ...asked, path: asked.path.split('?')[0] + tail }
}

const inHeaders: Mutation = (draft, chance) => {
  const [name, value] = chance.pick(hostileHeaders)
  if (name === 'authorization' || /[^\x20-\x7e]/.test(value)) delete draft.headers[name]
  draft.headers[name] = Buffer.from(value).toString('latin1')
  return written(draft)
}

const inBody: Mutation = (draft, chance) => {
  if (draft.json === undefined) return undefined
  draft.json = mutated(draft.json, chance)
  return written(draft)
}

const oddBody: Mutation = (draft, chance) => {
  const asked = written(draft)
  const body = chance.pick<string | Buffer>([
    '',
    '{',
    '[]',
    'null',
    '"text"',
    '1',
    '{"a":1}{"b":2}',
    '{"a":1,}',
    "{'a':1}",
    '{"a":NaN}',
    '\ufeff{}',
    '{"__proto__":{"admin":true}}',
    '{"constructor":{"prototype":{"x":1}}}',
    '['.repeat(5000),
    '{"a":'.repeat(3000),
    Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    Buffer.from('{"name":"a"}', 'utf16le'),
    Buffer.alloc(300, 0),
    '{"template":"base","template":"../x"}',
  ]) // prettier-ignore
  return { ...asked, headers: { 'content-type': 'application/json', ...asked.headers }, body }
}

const hugeBody: Mutation = (draft, chance) => {
  if (draft.operation.body === undefined || !chance.odds(0.1)) return undefined
  return { ...written(draft), body: JSON.stringify({ name: 'x'.repeat(1_100_000) }) }
}

const otherMethod: Mutation = (draft, chance) => {
  // Not DELETE: what stays must stay.
  return { ...written(draft), method: chance.pick(['OPTIONS', 'HEAD', 'TRACE', 'PATCH', 'PUT', 'PROPFIND', 'SEARCH']) }
}

/** Bytes that no HTTP library would send. */
const oddBytes: Mutation = (draft, chance) => {
  const { method, path, headers } = written(draft)
  const key = `authorization: ${headers.authorization}\r\nhost: localhost\r\nconnection: close\r\n`
  const text = chance.pick([
    `${method} ${path} HTTP/1.1\r\n${key}x: a\r\n b\r\n\r\n`,
    `${method} ${path} HTTP/9.9\r\n${key}\r\n`,
    `${method} ${path}\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\n${key}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`,
    `POST ${path} HTTP/1.1\r\n${key}transfer-encoding: chunked\r\ncontent-type: application/json\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n`,
    `POST ${path} HTTP/1.1\r\n${key}transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n`,
    `POST ${path} HTTP/1.1\r\n${key}content-type: application/json\r\ncontent-length: -1\r\n\r\n{}`,
    `GET /v1/machines/\xff\xfe HTTP/1.1\r\n${key}\r\n`,
    `GET http://evil.example${path} HTTP/1.1\r\n${key}\r\n`,
    `CONNECT evil.example:443 HTTP/1.1\r\n${key}\r\n`,
    `GET * HTTP/1.1\r\n${key}\r\n`,
    `GET /healthz HTTP/1.1\r\nhost: localhost\r\nhost: evil\r\nconnection: close\r\n\r\n`,
    `GET /healthz HTTP/1.1\nhost: localhost\nconnection: close\n\n`,
    `GET /healthz HTTP/1.1\r\n${'x-a: b\r\n'.repeat(3000)}${key}\r\n`,
    `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n`,
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
  ]) // prettier-ignore
  return { method, path, headers, bytes: Buffer.from(text, 'latin1') }
}

const mutations = {
  inPath,
  behindPath,
  inQuery,
  wrongCursor,
  rawQuery,
  inHeaders,
  inBody,
  oddBody,
  hugeBody,
  otherMethod,
  oddBytes,
} // prettier-ignore
const favourites: (keyof typeof mutations)[] = [
  'inPath',
  'inPath',
  'inPath',
  'inBody',
  'inBody',
  'inBody',
  'inQuery',
  'inHeaders',
]

/** A good request, made bad by chance; and how. */
export function hostile(draft: Draft, chance: Chance): { readonly how: string; readonly asked: Asked } {
  for (;;) {
    const how = chance.pick([...(Object.keys(mutations) as (keyof typeof mutations)[]), ...favourites])
    const asked = mutations[how](draft, chance)
    if (asked) return { how, asked }
  }
}

/** The same value with one thing in it wrong. */
function mutated(value: unknown, chance: Chance): unknown {
  if (chance.odds(0.25) || typeof value !== 'object' || value === null) return chance.pick([...hostileValues, ...hostileTexts])
  if (Array.isArray(value))
    return value.length === 0 ? [chance.pick(hostileValues)] : value.map((one, at) => (at === 0 ? mutated(one, chance) : one))
  const fields = value as Record<string, unknown>
  const names = Object.keys(fields)
  const name =
    names.length === 0 || chance.odds(0.25)
      ? chance.pick(['unknown', 'id', 'state', 'toString', 'namespace', ...hostileTexts])
      : chance.pick(names)
  if (chance.odds(0.2)) return Object.fromEntries(Object.entries(fields).filter(([one]) => one !== name))
  return { ...fields, [name]: mutated(fields[name], chance) }
}
