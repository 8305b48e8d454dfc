import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chooseTarget } from './target.ts'

const server = 'https://hearth.example'
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ht-'))
  writeFileSync(join(folder, 'key'), '  from-a-file\n')
  writeFileSync(join(folder, 'two'), 'one\ntwo\n')
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the server that is meant', () => {
  it('is that of the home, unless one is named', () => {
    expect(chooseTarget({}, { HEARTH_HOME: '/h' })).toEqual({ kind: 'home', home: '/h' })
    expect(chooseTarget({ server: `${server}/` }, { HEARTH_HOME: '/h' })).toMatchObject({ kind: 'remote', baseUrl: server })
    expect(chooseTarget({}, { HEARTH_HOME: '/h', HEARTH_SERVER: server })).toMatchObject({ kind: 'remote' })
    expect(chooseTarget({ home: '/own' }, { HEARTH_SERVER: server })).toEqual({ kind: 'home', home: '/own' })
  })

  it('gets the key of the option, else of the environment, else of the file', () => {
    const env = { HEARTH_SERVER: server, HEARTH_API_KEY: 'from-env', HEARTH_API_KEY_FILE: join(folder, 'key') }
    expect(chooseTarget({ apiKey: 'from-option' }, env)).toMatchObject({ apiKey: 'from-option' })
    expect(chooseTarget({}, env)).toMatchObject({ apiKey: 'from-env' })
    expect(chooseTarget({}, { ...env, HEARTH_API_KEY: '' })).toMatchObject({ apiKey: 'from-a-file' })
  })

  it('is not asked with what cannot be a key, and the message does not show it', () => {
    const two = { HEARTH_SERVER: server, HEARTH_API_KEY_FILE: join(folder, 'two') }
    expect(() => chooseTarget({}, two)).toThrow(/^HEARTH_API_KEY_FILE: not a key; (?!.*two\n)/)
    expect(() => chooseTarget({}, { ...two, HEARTH_API_KEY_FILE: join(folder, 'none') })).toThrow('cannot be read')
    expect(() => chooseTarget({ apiKey: 'a secret' }, two)).not.toThrow('secret')
  })
})
