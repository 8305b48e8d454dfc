import type { Chance } from './chance.ts'

/** A cursor as nobody was given one: torn, turned, or of another list. */
export function tampered(chance: Chance): string {
  const inside = chance.pick([
    '{}',
    'null',
    '[]',
    '[1,2]',
    '{"at":"x","id":1}',
    '["9e99","m-"]',
    '{"createdAt":1e400}',
    '0',
    '1:m-0000000000000000',
    '-1:x',
    '{"__proto__":{}}',
  ])
  const written = Buffer.from(inside).toString(chance.pick(['base64url', 'base64', 'hex']))
  return chance.pick([written, written.slice(1), `${written}=`, inside, chance.word(1, 60), '\0', '../x', 'x'.repeat(600)])
}
