import type { Chance } from './chance.ts'
import { resolved, type Schema, type Schemas } from './json-schema.ts'

/** Texts that fit the patterns of the description. */
const byPattern: Readonly<Record<string, (chance: Chance) => string>> = {
  '^\\/[^\\0\\p{Cs}]*$': (chance) => `/tmp/${chance.word()}`,
  '^[A-Za-z_][A-Za-z0-9_]*$': (chance) => `V_${chance.word().toUpperCase()}`,
  '^0?[0-7]{3,4}$': (chance) => chance.pick(['644', '0644', '0755', '0600', '07777']),
  '^[\\x21-\\x7e]{1,255}$': (chance) => `${chance.word(8, 20)}!~`,
  '^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$': (chance) => `${chance.word(1, 20)}/${chance.word()}._-`,
  '^[^\\p{Cc}\\p{Cs}]*$': (chance) => chance.pick(['plain', '🔥🧨', 'e\u0301', '\u202eevil', '日本語', ' ', "'; --", '<b>']),
  '^[^=]+=': (chance) => `${chance.word()}=${chance.word(0, 9)}`,
}

/** Texts of all alphabets, all of them allowed where any text is. */
const texts = [
  'plain',
  'zwei Wörter',
  'ünïcödé',
  '日本語',
  '🔥🧨',
  'e\u0301',
  '\u202eevil',
  'a\tb\nc',
  ' ',
  "'; --",
  '$x',
  '%2e%2e',
  '<b>',
]

/** A value that fits `schema`. */
export function validValue(schema: Schema, named: Schemas, chance: Chance): unknown {
  const meant = resolved(schema, named)
  if (meant.const !== undefined) return meant.const
  if (meant.enum) return chance.pick(meant.enum)
  const choices = meant.anyOf ?? meant.oneOf
  if (choices) return validValue(chance.pick(choices), named, chance)
  switch (meant.type) {
    case 'object':
      return validObject(meant, named, chance)
    case 'array': {
      const { minItems = 0, maxItems = 4, items = {} } = meant
      const count = chance.int(minItems, Math.max(minItems, Math.min(maxItems, 3)))
      return Array.from({ length: count }, () => validValue(items, named, chance))
    }
    case 'integer':
    case 'number':
      return validNumber(meant, chance)
    case 'boolean':
      return chance.odds(0.5)
    case 'null':
      return null
    default:
      return validText(meant, chance)
  }
}

function validObject(
  { properties = {}, required = [], additionalProperties, propertyNames }: Schema,
  named: Schemas,
  chance: Chance,
) {
  const names = Object.keys(properties).filter((name) => required.includes(name) || chance.odds(0.5))
  const fields = names.map((name) => [name, validValue(properties[name] ?? {}, named, chance)])
  if (typeof additionalProperties === 'object') {
    for (let more = chance.int(0, 3); more > 0; more -= 1) {
      fields.push([validText(propertyNames ?? {}, chance), validValue(additionalProperties, named, chance)])
    }
  }
  return Object.fromEntries(fields) as unknown
}

function validNumber({ type, minimum = 0, maximum = 1000 }: Schema, chance: Chance): number {
  if (chance.odds(0.1)) return minimum
  if (chance.odds(0.1)) return maximum
  const value = minimum + chance.share() * Math.min(maximum - minimum, 5000)
  return type === 'integer' ? Math.floor(value) : value
}

function validText({ format, pattern, allOf, minLength = 0, maxLength = 200 }: Schema, chance: Chance): string {
  if (format === 'date-time') return new Date(chance.int(0, 2 ** 31) * 1000).toISOString()
  if (format === 'byte') return Buffer.from(chance.word(0, 60)).toString('base64')
  const patterns = [pattern, ...(allOf ?? []).map((one) => one.pattern)]
  const maker = patterns.map((one) => (one === undefined ? undefined : byPattern[one])).find((one) => one !== undefined)
  if (maker) return maker(chance)
  if (chance.odds(0.05) && maxLength <= 4096) return 'x'.repeat(maxLength)
  const text = chance.odds(0.5) ? chance.pick(texts) : chance.word()
  return text.length < minLength ? chance.word(minLength, minLength) : text.slice(0, maxLength)
}
