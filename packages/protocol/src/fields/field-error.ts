/** Bytes that are not the field list they should be. The message names the field; the reader of the bytes decides what that means. */
export class FieldError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'FieldError'
  }
}
