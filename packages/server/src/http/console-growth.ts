/**
 * What a log has grown by, judged from its last bytes before and now. Where the log repeats itself in steps the smallest growth
 * is assumed; where nothing of the earlier bytes is left, everything is new.
 */
export function consoleGrowth(before: Uint8Array, now: Uint8Array): Uint8Array {
  const earlier = Buffer.from(before.buffer, before.byteOffset, before.byteLength)
  const later = Buffer.from(now.buffer, now.byteOffset, now.byteLength)
  for (let gone = 0; gone < earlier.length; gone++) {
    const left = earlier.length - gone
    if (left > later.length || earlier[gone] !== later[0]) continue
    if (earlier.compare(later, 0, left, gone) === 0) return later.subarray(left)
  }
  return later
}
