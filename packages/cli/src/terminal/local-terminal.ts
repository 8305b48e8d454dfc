/** The terminal this program runs in, lent to a program in a machine. */
export interface LocalTerminal {
  size(): { cols: number; rows: number }
  /** Passes every key on as it is (Ctrl-C too), and tells of each new size. */
  begin(onResize: (cols: number, rows: number) => Promise<void>): void
  /** Gives the terminal back as it was. Also happens by itself when this process ends. */
  restore(): void
}

/** Without a size of its own a terminal is taken for this one. */
const usual = { cols: 80, rows: 24 }

/** The terminal behind stdin. */
export function localTerminal(): LocalTerminal {
  const { stdin, stdout } = process
  let onResize: (() => void) | undefined
  const size = () => ({ cols: stdout.columns || usual.cols, rows: stdout.rows || usual.rows })
  const restore = () => {
    if (onResize) stdout.off('resize', onResize)
    process.off('exit', restore)
    stdin.setRawMode(false)
  }
  return {
    size,
    begin(tell) {
      onResize = () => {
        const { cols, rows } = size()
        // A connection that broke is met where the output is read.
        tell(cols, rows).catch(() => undefined)
      }
      stdin.setRawMode(true)
      process.on('exit', restore)
      stdout.on('resize', onResize)
    },
    restore,
  }
}
