import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generateSshHostKey, sshFingerprint } from './ssh-host-key.ts'

const sshKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined

describe('generateSshHostKey', () => {
  it('makes another key each time', () => {
    expect(generateSshHostKey().publicKey).not.toBe(generateSshHostKey().publicKey)
  })

  it('takes less than a millisecond', () => {
    generateSshHostKey()
    const began = performance.now()
    for (let i = 0; i < 50; i += 1) generateSshHostKey()
    // Ten times the bound: other work shares this computer.
    expect((performance.now() - began) / 50).toBeLessThan(10)
  })

  it.runIf(sshKeygen)('is a key that ssh-keygen reads, with the fingerprint it prints', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hearth-ssh-'))
    try {
      for (const comment of ['hearth', 'a', 'ab', 'abcdefg@h']) {
        const key = generateSshHostKey(comment)
        const file = join(folder, 'key')
        writeFileSync(file, key.privateKey, { mode: 0o600 })
        writeFileSync(`${file}.pub`, key.publicKey)
        const fromPrivate = spawnSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' })
        expect(fromPrivate.stderr).toBe('')
        expect(fromPrivate.stdout).toBe(key.publicKey)
        const listed = spawnSync('ssh-keygen', ['-l', '-f', `${file}.pub`], { encoding: 'utf8' }).stdout
        expect(listed).toBe(`256 ${sshFingerprint(key.publicKey)} ${comment} (ED25519)\n`)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
