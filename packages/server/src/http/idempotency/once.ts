import type { Engine, NewRecord, PendingOutcome } from '@hearth/engine'
import {
  type Clock,
  HearthError,
  type IdempotencyRecord,
  isHearthError,
  type Log,
  messageOf,
  type StateStore,
} from '@hearth/model'
import { idempotencyKeyHeader, idempotencyReplayedHeader } from '@hearth/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../../auth/caller.ts'
import { pathOf } from '../../auth/credentials.ts'
import type { OpenRequests } from '../open-requests.ts'
import { problemOf } from '../problem.ts'
import { type Answer, problemAnswer, sendAnswer } from './answer.ts'
import { fingerprintOf } from './fingerprint.ts'
import { GivenUp } from './given-up.ts'

/** When a client whose first request is still being answered elsewhere should ask again, in milliseconds. */
const askAgainMs = 1000

export interface OnceParts {
  readonly store: Pick<StateStore, 'idempotency'>
  readonly engine: Pick<Engine, 'resolvePending'>
  readonly open: OpenRequests
  readonly clock: Clock
  readonly host: string
  readonly log: Log
}

/** What a request that makes something does. */
export interface OnceWork {
  /** `start` is begun with the row of what is made; `signal` is aborted when nobody waits for the answer and it may be undone. */
  do(options: { readonly idempotency?: NewRecord; readonly signal?: AbortSignal }): Promise<Answer>
  /** The answer to a request whose server died before it gave one, from what it made; `undefined`: do it anew. */
  again(outcome: PendingOutcome): Answer | undefined | Promise<Answer | undefined>
}

interface Underway {
  readonly fingerprint: string
  readonly answer: Promise<Answer>
  readonly stop: AbortController
}

/**
 * Requests that make something, done once for each `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the same request
 * again gets the first answer, and it goes on when its client goes away, unless `giveUp` says otherwise. Without a key a request
 * is done as it comes, and undone when its client goes away.
 */
export class Once {
  readonly #parts: OnceParts
  readonly #givenUp: GivenUp
  readonly #underway = new Map<string, Underway>()

  constructor(parts: OnceParts) {
    this.#parts = parts
    this.#givenUp = new GivenUp(parts.clock)
  }

  /** Does `work`, or tells what came of it before, and answers: the handler has nothing left to give. */
  async answer(request: FastifyRequest, reply: FastifyReply, work: OnceWork): Promise<never> {
    return (await this.#answer(request, reply, work)) as never
  }

  async #answer(request: FastifyRequest, reply: FastifyReply, work: OnceWork): Promise<FastifyReply> {
    const key = request.headers[idempotencyKeyHeader]
    const gone = this.#parts.open.signalOf(reply)
    if (typeof key !== 'string') return sendAnswer(reply, await work.do({ signal: gone }))
    const start = this.#start(request, key)
    const known = this.#underway.get(start.id)
    if (known) return this.#joined(reply, start, known, gone)
    const record = await this.#parts.store.idempotency.get(start.id)
    // Another request with this key may have begun while the record was read.
    const begun = this.#underway.get(start.id)
    if (begun) return this.#joined(reply, start, begun, gone)
    if (record?.state === 'done') return this.#replayed(reply, start, record)
    if (this.#givenUp.has(start.id)) throw givenUp()
    const stop = new AbortController()
    const answer = this.#run(start, work, record, stop.signal)
    this.#underway.set(start.id, { fingerprint: start.fingerprint, answer, stop })
    const over = () => this.#underway.delete(start.id)
    // Whoever comes later finds the record.
    void answer.then(over, over)
    return sendAnswer(reply, await unlessGone(answer, gone))
  }

  /**
   * Undoes what the caller began here with `key` and nobody waits for any more; resolves when it is undone. What is still on its
   * way is not begun. The answer, when it was done all the same.
   */
  async giveUp(caller: Caller, key: string): Promise<Answer | undefined> {
    const id = idOf(caller, key)
    const known = this.#underway.get(id)
    if (!known) {
      this.#givenUp.add(id)
      const record = await this.#parts.store.idempotency.get(id)
      return record?.state === 'done' ? (JSON.parse(record.answer ?? '{}') as Answer) : undefined
    }
    known.stop.abort(givenUp())
    try {
      return await known.answer
    } catch (error) {
      this.#parts.log.debug('idempotency.given_up', { error: messageOf(error) })
      return undefined
    }
  }

  #start(request: FastifyRequest, key: string): NewRecord {
    const { caller, method, raw, body } = request
    return {
      id: idOf(caller, key),
      fingerprint: fingerprintOf(method, pathOf(raw.url ?? ''), body),
      state: 'pending',
      host: this.#parts.host,
      createdAt: this.#parts.clock.now(),
    }
  }

  async #joined(reply: FastifyReply, start: NewRecord, known: Underway, gone: AbortSignal): Promise<FastifyReply> {
    mustBeSame(start, known.fingerprint)
    const answer = await unlessGone(known.answer, gone)
    return sendAnswer(reply.header(idempotencyReplayedHeader, 'true'), answer)
  }

  #replayed(reply: FastifyReply, start: NewRecord, record: IdempotencyRecord): FastifyReply {
    mustBeSame(start, record.fingerprint)
    return sendAnswer(reply.header(idempotencyReplayedHeader, 'true'), JSON.parse(record.answer ?? '{}') as Answer)
  }

  /** Does the work, or finds what an earlier server made of it; the answer is kept before it is given. */
  async #run(start: NewRecord, work: OnceWork, pending: IdempotencyRecord | undefined, signal: AbortSignal): Promise<Answer> {
    const found = pending && (await this.#found(start, work, pending))
    if (found) return this.#kept(start, found)
    try {
      return await this.#kept(start, await work.do({ idempotency: start, signal }))
    } catch (error) {
      if (isTaken(error)) return this.#takenByOther(start, work)
      return this.#failed(start, error)
    }
  }

  async #found(start: NewRecord, work: OnceWork, pending: IdempotencyRecord): Promise<Answer | undefined> {
    mustBeSame(start, pending.fingerprint)
    const outcome = await this.#parts.engine.resolvePending(pending)
    if (outcome.kind === 'in_progress') throw inProgress()
    return outcome.kind === 'nothing' ? undefined : work.again(outcome)
  }

  /** Another server began it between our look and our try. */
  async #takenByOther(start: NewRecord, work: OnceWork): Promise<Answer> {
    const record = await this.#parts.store.idempotency.get(start.id)
    if (!record) throw inProgress()
    mustBeSame(start, record.fingerprint)
    if (record.state === 'done') return JSON.parse(record.answer ?? '{}') as Answer
    const found = await this.#found(start, work, record)
    if (!found) throw inProgress()
    return this.#kept(start, found)
  }

  /** A refusal stays one; what failed for a while may be tried again under the same key. */
  async #failed(start: NewRecord, error: unknown): Promise<Answer> {
    const record = await this.#parts.store.idempotency.get(start.id)
    if (!record || record.state === 'done') throw error
    const { status } = problemOf(error)
    const isFinal = status >= 400 && status < 499 && status !== 429
    if (isFinal) return this.#kept(start, problemAnswer(error))
    await this.#parts.store.idempotency.delete(record.id, record.rev)
    throw error
  }

  async #kept(start: NewRecord, answer: Answer): Promise<Answer> {
    const { store, log } = this.#parts
    const done = { state: 'done', status: answer.status, answer: JSON.stringify(answer) } as const
    try {
      const record = await store.idempotency.get(start.id)
      if (!record) await store.idempotency.insert({ ...start, ...done })
      else if (record.state === 'pending') await store.idempotency.update(record.id, record.rev, done)
    } catch (error) {
      // What was made is told all the same: asked again, it is found by its row.
      log.warn('idempotency.answer_not_kept', { error: messageOf(error) })
    }
    return answer
  }
}

function givenUp(): HearthError {
  return new HearthError('cancelled', 'its client has given it up')
}

function idOf(caller: Caller, key: string): string {
  return `${caller.key ?? 'owner'}:${key}`
}

function mustBeSame(start: NewRecord, fingerprint: string): void {
  if (start.fingerprint === fingerprint) return
  throw new HearthError('idempotency_mismatch', 'this Idempotency-Key was used for another request', {
    hint: 'Make up a new key for a new request.',
  })
}

function inProgress(): HearthError {
  return new HearthError('idempotency_in_progress', 'the first request with this Idempotency-Key is still being answered', {
    hint: 'Ask again a little later.',
    details: { retryAfterMs: askAgainMs },
  })
}

function isTaken(error: unknown): boolean {
  return isHearthError(error, 'store_conflict') && error.details?.table === 'idempotency'
}

/** What is begun with a key goes on without its client. */
function unlessGone<T>(answer: Promise<T>, gone: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (gone.aborted) return reject(gone.reason)
    const leave = () => reject(gone.reason)
    gone.addEventListener('abort', leave, { once: true })
    void answer.then(resolve, reject).finally(() => gone.removeEventListener('abort', leave))
  })
}
