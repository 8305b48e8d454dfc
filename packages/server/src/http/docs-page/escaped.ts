const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text that stands for itself in HTML. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => named[char] ?? char)
}
