/**
 * Writes recorded exchanges as `packages/protocol/vectors/README.md` says. It shares no code with the client: the bytes are put
 * together from the document a second time, so that a mistake in one of the two is seen.
 */
export interface Step {
  readonly from: 'host' | 'guest'
  readonly type: string
  readonly stream: number
  readonly name: string
  readonly fields: readonly string[]
  readonly hex: string
}

export interface Exchange {
  readonly name: string
  readonly about: string
  readonly steps: readonly Step[]
}

/** One field: how it reads, and its bytes. */
export interface VectorField {
  readonly text: string
  readonly hex: string
}

export const u = (tag: number, value: number): VectorField => vectorField(tag, 'u', String(value), hexOf(value, 8))
export const i = (tag: number, value: bigint): VectorField =>
  vectorField(tag, 'i', String(value), BigInt.asUintN(64, value).toString(16).padStart(16, '0'))
export const s = (tag: number, value: string): VectorField => vectorField(tag, 's', value, utf8(value))
export const b = (tag: number, hex: string): VectorField => vectorField(tag, 'b', hex, hex)
/** A path or an argument: bytes that happen to be text. */
export const p = (tag: number, value: string): VectorField => b(tag, utf8(value))
export const flag = (tag: number, value: boolean): VectorField => vectorField(tag, '?', value ? '1' : '0', value ? '01' : '00')
export const f = (tag: number, ...fields: VectorField[]): VectorField =>
  vectorField(tag, 'f', `(${fields.map((one) => one.text).join('; ')})`, fields.map((one) => one.hex).join(''))

const types = { REQUEST: 0x01, DATA: 0x02, END: 0x03, CREDIT: 0x04, CANCEL: 0x05, REPLY: 0x11, ERROR: 0x12, EVENT: 0x13 }

export const handshake = (nonce: string): Step[] => [
  step('host', 'HANDSHAKE', 0, '-', [nonce], utf8(`\nHEARTH/1 ${nonce}\n`)),
  step('guest', 'HANDSHAKE', 0, '-', [nonce], utf8(`\nHEARTH/1 OK ${nonce}\n`)),
]
export const raw = (from: Step['from'], hex: string): Step => step(from, 'RAW', 0, '-', [], hex)

export const request = (stream: number, method: number, name: string, ...fields: VectorField[]): Step =>
  withFields('host', 'REQUEST', stream, name, fields, hexOf(method, 2))
export const reply = (stream: number, name: string, ...fields: VectorField[]): Step =>
  withFields('guest', 'REPLY', stream, name, fields)
export const event = (stream: number, kind: number, name: string, ...fields: VectorField[]): Step =>
  withFields('guest', 'EVENT', stream, name, fields, hexOf(kind, 2))
export const error = (stream: number, code: number, name: string, text: string): Step =>
  step('guest', 'ERROR', stream, name, [`${code} ${text}`], frame('ERROR', stream, hexOf(code, 2) + utf8(text)))
export const data = (from: Step['from'], stream: number, channel: number, hex: string): Step =>
  step(from, 'DATA', stream, String(channel), [hex], frame('DATA', stream, hexOf(channel, 1) + hex))
export const end = (from: Step['from'], stream: number, channel: number): Step =>
  step(from, 'END', stream, String(channel), [], frame('END', stream, hexOf(channel, 1)))
export const credit = (from: Step['from'], stream: number, channel: number, bytes: number): Step =>
  step(from, 'CREDIT', stream, String(channel), [String(bytes)], frame('CREDIT', stream, hexOf(channel, 1) + hexOf(bytes, 4)))
export const cancel = (stream: number): Step => step('host', 'CANCEL', stream, '-', [], frame('CANCEL', stream, ''))

/** The file of an exchange: one step a line. */
export function renderExchange(exchange: Exchange): string {
  const steps = exchange.steps.map((one) => `    ${JSON.stringify(one)}`).join(',\n')
  return `{\n  "name": ${JSON.stringify(exchange.name)},\n  "about": ${JSON.stringify(exchange.about)},\n  "steps": [\n${steps}\n  ]\n}\n`
}

export function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('hex')
}

function step(from: Step['from'], type: string, stream: number, name: string, fields: readonly string[], hex: string): Step {
  return { from, type, stream, name, fields, hex }
}

function withFields(
  from: Step['from'],
  type: keyof typeof types,
  stream: number,
  name: string,
  fields: readonly VectorField[],
  number = '',
): Step {
  const payload = number + fields.map((one) => one.hex).join('')
  const texts = fields.map((one) => one.text)
  return step(from, type, stream, name, texts, frame(type, stream, payload))
}

function frame(type: keyof typeof types, stream: number, payloadHex: string): string {
  return hexOf(5 + payloadHex.length / 2, 4) + hexOf(types[type], 1) + hexOf(stream, 4) + payloadHex
}

function vectorField(tag: number, type: string, value: string, hex: string): VectorField {
  return { text: `${tag} ${type} ${value}`, hex: hexOf(tag, 1) + hexOf(hex.length / 2, 4) + hex }
}

function hexOf(value: number, bytes: number): string {
  return value.toString(16).padStart(bytes * 2, '0')
}
