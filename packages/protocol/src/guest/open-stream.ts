import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Deadline, HearthError, isHearthError } from '@hearth/model'
import { guestProtocol, guestUnreachable } from './guest-errors.ts'
import { AnswerScanner, handshakeLine } from './handshake.ts'

export type Connect = (options?: Deadline) => Promise<Duplex>

/** How long to wait for what, in milliseconds (docs/guest-protocol.md, Handshake). */
export interface HandshakeTiming {
  readonly firstAnswerMs: number
  readonly lastAnswerMs: number
  /** Between closing a stream without an answer and the next attempt; doubled each time, up to the longest. */
  readonly firstPauseMs: number
  readonly longestPauseMs: number
}

export const handshakeTiming: HandshakeTiming = {
  firstAnswerMs: 250,
  lastAnswerMs: 2_000,
  firstPauseMs: 20,
  longestPauseMs: 500,
}

export interface Opening<T> {
  readonly connect: Connect
  readonly timing: HandshakeTiming
  /** A fresh nonce of 32 lower-case hex digits for each attempt. */
  readonly newNonce: () => string
  /** Called in the same tick in which the answer arrived, with the bytes behind it; takes over the stream. */
  readonly begin: (stream: Duplex, rest: Buffer) => Promise<T>
  /** Ends the attempts. */
  readonly signal: AbortSignal
}

/** Connects and shakes hands, again and again until there is an answer and `begin` succeeds. @throws the signal's reason */
export async function openStream<T>(opening: Opening<T>): Promise<T> {
  const { timing, signal } = opening
  let answerMs = timing.firstAnswerMs
  let pauseMs = timing.firstPauseMs
  for (;;) {
    signal.throwIfAborted()
    try {
      return await attempt(opening, answerMs)
    } catch (error) {
      signal.throwIfAborted()
      if (!mayTryAgain(error)) throw error
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    answerMs = Math.min(answerMs * 2, timing.lastAnswerMs)
    pauseMs = Math.min(pauseMs * 2, timing.longestPauseMs)
  }
}

async function attempt<T>(opening: Opening<T>, answerMs: number): Promise<T> {
  const stream = await connectOnce(opening)
  const onAbort = () => stream.destroy()
  opening.signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await shakeHands(stream, opening, answerMs)
  } catch (error) {
    await ended(stream)
    throw error
  } finally {
    opening.signal.removeEventListener('abort', onAbort)
  }
}

/** Destroys `stream` and resolves when its place is free again. */
export function ended(stream: Duplex): Promise<void> {
  stream.destroy()
  return gone(stream)
}

/** Resolves when `stream` is closed, for whatever reason; never rejects. */
export function gone(stream: Duplex): Promise<void> {
  if (stream.closed) return Promise.resolve()
  return new Promise((resolve) => stream.once('close', resolve))
}

/** A connection that comes after the signal is given back. */
async function connectOnce<T>(opening: Opening<T>): Promise<Duplex> {
  const { signal } = opening
  const connecting = opening.connect({ signal })
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([connecting, aborted.promise])
  } catch (error) {
    connecting.then(
      (late) => late.destroy(),
      () => undefined,
    )
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function shakeHands<T>(stream: Duplex, opening: Opening<T>, answerMs: number): Promise<T> {
  const nonce = opening.newNonce()
  const scanner = new AnswerScanner(nonce)
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      opening.signal.removeEventListener('abort', onAbort)
      stream.off('data', onData).off('error', onError).off('end', onEnd).off('close', onEnd)
    }
    const fail = (error: unknown) => {
      stop()
      // Destroying a stream may still make it say something.
      stream.on('error', () => undefined)
      reject(error)
    }
    const onData = (chunk: Buffer) => {
      try {
        const rest = scanner.push(chunk)
        if (rest === undefined) return
        stop()
        resolve(opening.begin(stream, rest))
      } catch (error) {
        fail(guestProtocol('handshake', error))
      }
    }
    const onError = (error: Error) => fail(guestUnreachable('the stream to the guest agent broke', error))
    const onEnd = () => fail(guestUnreachable('the stream to the guest agent ended'))
    const onAbort = () => fail(opening.signal.reason)
    const timer = setTimeout(() => fail(guestUnreachable(`no answer to the handshake within ${answerMs} ms`)), answerMs)
    opening.signal.addEventListener('abort', onAbort, { once: true })
    stream.on('data', onData).on('error', onError).on('end', onEnd).on('close', onEnd)
    stream.write(handshakeLine(nonce))
  })
}

/** What passes by itself: nobody there yet, a stream that ended. A driver that says there is no such machine is believed. */
function mayTryAgain(error: unknown): boolean {
  if (error instanceof HearthError) return isHearthError(error, 'guest_unreachable', 'driver_busy', 'driver_unavailable')
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && passing.has(error.code)
}

const passing = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EAGAIN', 'EPIPE', 'ETIMEDOUT'])
