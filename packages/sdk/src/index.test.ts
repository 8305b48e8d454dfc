import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const shipped = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))

it('imports nothing at run time but its own files, so that it works in a browser', () => {
  const imports = shipped.flatMap((name) => {
    const text = readFileSync(`${import.meta.dirname}/${name}`, 'utf8')
    const statements = text.match(/^(import|export) [^;]*? from '[^']+'/gms) ?? []
    return statements.filter((statement) => !/^(import|export) type /.test(statement) && !/ from '\.\//.test(statement))
  })
  expect(shipped.length).toBeGreaterThan(10)
  expect(imports).toEqual([])
})

it('uses nothing that only Node has', () => {
  const names = /\b(Buffer|process\.(env|on|nextTick|platform)|setImmediate|require\(|__dirname|node:)/
  expect(
    shipped.filter((name) =>
      names.test(readFileSync(`${import.meta.dirname}/${name}`, 'utf8').replaceAll(/\/\*\*[\s\S]*?\*\//g, '')),
    ),
  ).toEqual([])
})
