/** Milliseconds since the epoch as RFC 3339 in UTC. */
export function timeView(ms: number): string {
  return new Date(ms).toISOString()
}
