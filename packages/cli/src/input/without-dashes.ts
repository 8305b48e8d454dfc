/** A program and its arguments without the `--` that sets them off from our own options. */
export function withoutDashes(words: readonly string[]): readonly string[] {
  return words[0] === '--' ? words.slice(1) : words
}
