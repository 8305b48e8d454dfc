import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One example of the documentation. */
export interface Example {
  /** The export it belongs to, or the heading it stands under. */
  readonly name: string
  readonly source: string
  readonly imports: readonly string[]
  readonly body: string
}

const fence = /^```ts\n(.*?)^```$/gms

/** The examples in the doc comments of a package's sources. */
export function examplesOfSources(folder: string): Example[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  return files.flatMap((file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    return [...text.matchAll(/\/\*\*(.*?)\*\//gs)].flatMap((comment) => {
      const name = declaredAt(text.slice(comment.index + comment[0].length)) ?? file
      return fenced((comment[1] ?? '').replace(/^\s*\* ?/gm, '')).map((code) => example(name, file, code))
    })
  })
}

/** The name of the export, or the member of one, that a comment stands before. */
function declaredAt(text: string): string | undefined {
  const [, exported] = /^\s*export (?:async )?(?:class|function\*?|type|interface|const)\s+(\w+)/.exec(text) ?? []
  const [, member] = /^\s*(?:async |static |readonly |override )*\*?(\w+)/.exec(text) ?? []
  return exported ?? member
}

/** The examples of a Markdown page. */
export function examplesOfPage(path: string): Example[] {
  const text = readFileSync(path, 'utf8')
  return fenced(text).map((code) => {
    const before = text.slice(0, text.indexOf(code))
    const heading =
      before
        .match(/^#+ .*$/gm)
        ?.at(-1)
        ?.replace(/^#+ /, '') ?? path
    return example(heading, path, code)
  })
}

/** The names that a package's front door exports. */
export function exportedNames(index: string): string[] {
  const text = readFileSync(index, 'utf8')
  return [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, names = '']) =>
    names.split(',').flatMap((name) => name.trim().replace(/^type /, '') || []),
  )
}

function fenced(text: string): string[] {
  return [...text.matchAll(fence)].map(([, code = '']) => code)
}

function example(name: string, source: string, code: string): Example {
  const lines = code.split('\n')
  const imports = lines.filter((line) => line.startsWith('import '))
  return { name, source, imports, body: lines.filter((line) => !line.startsWith('import ')).join('\n') }
}
