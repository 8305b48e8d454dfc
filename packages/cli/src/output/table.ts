import { stripVTControlCharacters } from 'node:util'

/** Rows under their headings, each column as wide as its widest cell; the last is not padded. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(printable))
  const widths = headings.map((heading, column) => Math.max(heading.length, ...clean.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')
  return [headings, ...clean].map((row) => line(row).trimEnd()).join('\n')
}

/** `name: value` lines with the values below each other; entries without a value are left out. */
export function facts(entries: readonly (readonly [string, string | number | undefined])[]): string {
  const known = entries.filter(([, value]) => value !== undefined && value !== '')
  const width = Math.max(0, ...known.map(([name]) => name.length))
  return known.map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${printable(String(value))}`).join('\n')
}

/** Text from a guest or a file name, made harmless for a terminal: no escape sequences, no control characters. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach the terminal
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')
}
