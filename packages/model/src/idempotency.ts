/**
 * What a request with an `Idempotency-Key` began, so that the same request again has no second effect
 * (draft-ietf-httpapi-idempotency-key-header). `pending` until the answer was kept.
 */
export interface IdempotencyRecord {
  /** Who asked and the key they gave, as one text. */
  readonly id: string
  /** SHA-256 of method, path and body: the same key with another request is refused. */
  readonly fingerprint: string
  readonly state: 'pending' | 'done'
  /** What the request makes: enough to answer when the server died between the effect and the reply. */
  readonly resource?: { readonly kind: 'machine' | 'snapshot' | 'template' | 'fork'; readonly id: string }
  /** The server that works on it. */
  readonly host: string
  readonly status?: number
  /** The answer's body and the headers that matter, as JSON. */
  readonly answer?: string
  readonly createdAt: number
  readonly rev: number
}
