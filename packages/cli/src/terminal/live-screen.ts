import type { WriteStream } from 'node:tty'

const csi = '\u001b['
const usual = { columns: 80, rows: 24 }

/** A whole terminal that is drawn again and again; what was on it before comes back at the end. */
export class LiveScreen {
  /** Called when the terminal has another size. */
  onResize: (() => void) | undefined
  readonly #terminal: WriteStream
  readonly #resized = () => this.onResize?.()
  readonly #restore = () => this.close()
  #isOpen = true

  constructor(terminal: WriteStream) {
    this.#terminal = terminal
    // The other screen, without a cursor.
    terminal.write(`${csi}?1049h${csi}?25l`)
    terminal.on('resize', this.#resized)
    process.on('exit', this.#restore)
  }

  size(): { columns: number; rows: number } {
    return { columns: this.#terminal.columns || usual.columns, rows: this.#terminal.rows || usual.rows }
  }

  /** Draws over what is there, so that nothing flickers. */
  show(text: string): void {
    const lines = text.split('\n').map((line) => `${line}${csi}K`)
    this.#terminal.write(`${csi}H${lines.join('\n')}${csi}J`)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#terminal.off('resize', this.#resized)
    process.off('exit', this.#restore)
    this.#terminal.write(`${csi}?25h${csi}?1049l`)
  }
}
