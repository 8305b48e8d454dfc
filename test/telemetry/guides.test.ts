import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type ErrorCode, errorStatus } from '@hearth/model'
import { expect, it } from 'vitest'

const docs = join(import.meta.dirname, '../../docs')
const pages = ['operation.md', 'troubleshooting.md', 'reference/metrics.md']
const read = (page: string) => readFileSync(join(docs, page), 'utf8')

/** What a person can do nothing about but ask for something else: the error page alone tells enough. */
const plain: readonly ErrorCode[] = ['invalid_input', 'payload_too_large', 'template_in_use', 'namespace_in_use', 'build_failed']

it('tells what to do about every error code that has a cause to look for', () => {
  const told = new Set([...read('troubleshooting.md').matchAll(/`([a-z_]+)`/g)].map((match) => match[1]))
  const untold = (Object.keys(errorStatus) as ErrorCode[]).filter((code) => !told.has(code))
  expect(untold.filter((code) => !plain.includes(code) && !code.endsWith('not_found'))).toEqual([])
})

it.each(pages)('%s links to what is there', (page) => {
  for (const [, target = ''] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? join(docs, page) : join(docs, dirname(page), path)
    expect(existsSync(file), target).toBe(true)
    if (anchor !== undefined) expect(anchorsOf(readFileSync(file, 'utf8')), target).toContain(anchor)
  }
})

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map((match) => match[1] ?? '')
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}
