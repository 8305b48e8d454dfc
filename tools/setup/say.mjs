/** A failure that a person can do something about. */
export class SetupError extends Error {
  /**
   * @param {string} message what happened, and why
   * @param {string} hint what to do next; may have several lines
   */
  constructor(message, hint) {
    super(message)
    this.name = 'SetupError'
    this.hint = hint
  }
}

/**
 * Tells the person at the terminal what is being done. On stderr, because stdout belongs to the step that follows.
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`)
}
