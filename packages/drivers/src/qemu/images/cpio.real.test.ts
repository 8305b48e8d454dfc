import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { cpioArchive } from './cpio.ts'

const archive = cpioArchive([
  { path: 'modules', mode: 0o755 },
  { path: 'init', mode: 0o755, content: Buffer.from('agent') },
  { path: 'modules/01-a.ko', mode: 0o644, content: Buffer.alloc(1001, 7) },
])

describe('the initial RAM disk archive', () => {
  it('is what the cpio program reads', () => {
    const listed = execFileSync('cpio', ['--list', '--verbose', '--numeric-uid-gid', '--quiet'], {
      input: archive,
      encoding: 'utf8',
      env: { TZ: 'UTC', PATH: process.env.PATH },
    })
    expect(
      listed
        .trim()
        .split('\n')
        .map((line) => line.replace(/\s+/g, ' ')),
    ).toEqual([
      'drwxr-xr-x 2 0 0 0 Jan 1 1970 modules',
      '-rwxr-xr-x 1 0 0 5 Jan 1 1970 init',
      '-rw-r--r-- 1 0 0 1001 Jan 1 1970 modules/01-a.ko',
    ])
    expect(archive.length % 512).toBe(0)
  })

  it('holds the content', () => {
    const init = execFileSync('cpio', ['--extract', '--to-stdout', '--quiet', 'init'], { input: archive, encoding: 'utf8' })
    expect(init).toBe('agent')
  })
})
