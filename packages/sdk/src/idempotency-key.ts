/** A key that nobody else has: 128 bits of chance. */
export function newIdempotencyKey(): string {
  // Not randomUUID: browsers have it on secure pages only.
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
