import { event, f, flag, handshake, i, p, reply, request, s, u, utf8 } from './exchange.ts'

/** What many recorded exchanges have in common. */
export const nonce = '00112233445566778899aabbccddeeff'
export const token = utf8('token-of-sixteen')
export const entropy = '5a'.repeat(64)
export const machineId = '0123456789abcdef0123456789abcdef'
export const wallClockNs = 1_795_400_000_123_000_000n
export const wallClockMs = 1_795_400_000_123

export const helloReply = (stream: number) =>
  reply(
    stream,
    'HELLO',
    u(1, 1),
    s(2, '0.1.0'),
    s(3, 'pty'),
    s(3, 'watch'),
    s(4, '8f14e45f-ceea-467f-a830-2a8a5d4b8d1c'),
    s(5, '6.1.0-18-cloud-amd64'),
    flag(6, true),
    u(7, 3),
    u(8, 4711),
  )
export const opening = [...handshake(nonce), request(1, 1, 'HELLO'), helloReply(1)]
export const started = (stream: number, execId: number, stdinReceived: number, out1: number, out2: number) =>
  event(stream, 1, 'started', u(1, execId), u(2, 222), u(3, stdinReceived), u(4, out1), u(5, out2))
export const item = (name: string, status: number, evidence: string, detail?: string) =>
  f(1, s(1, name), u(2, status), s(3, evidence), ...(detail === undefined ? [] : [s(4, detail)]))
export const fileStat = (path: string, size: number) =>
  [p(1, path), u(2, 0), u(3, size), u(4, 0o644), u(5, 0), u(6, 0), i(7, 1_795_400_000_000n)] as const
