import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'

/** An ed25519 host key as sshd reads it. */
export interface SshHostKey {
  readonly type: 'ed25519'
  /** The private key file, in OpenSSH's own format. */
  readonly privateKey: string
  /** The line of the public key file. */
  readonly publicKey: string
}

const algorithm = 'ssh-ed25519'

/** Makes a host key here, since `ssh-keygen` in a guest costs hundreds of milliseconds and its clone's randomness. */
export function generateSshHostKey(comment = 'hearth'): SshHostKey {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const publicBytes = Buffer.from(jwk.x ?? '', 'base64url')
  const secretBytes = Buffer.from(jwk.d ?? '', 'base64url')
  const publicBlob = Buffer.concat([prefixed(algorithm), prefixed(publicBytes)])
  return {
    type: 'ed25519',
    privateKey: privateKeyFile(publicBlob, publicBytes, secretBytes, comment),
    publicKey: `${algorithm} ${publicBlob.toString('base64')} ${comment}\n`,
  }
}

/** The fingerprint of a public key line, as `ssh-keygen -l` prints it: `SHA256:` and unpadded base64. */
export function sshFingerprint(publicKey: string): string {
  const blob = Buffer.from(publicKey.trim().split(/\s+/)[1] ?? '', 'base64')
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** OpenSSH's PROTOCOL.key, without a passphrase. */
function privateKeyFile(publicBlob: Buffer, publicBytes: Buffer, secretBytes: Buffer, comment: string): string {
  const check = randomBytes(4)
  const secret = Buffer.concat([
    check,
    check,
    prefixed(algorithm),
    prefixed(publicBytes),
    prefixed(Buffer.concat([secretBytes, publicBytes])),
    prefixed(comment),
  ])
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (secret.length % 8)) % 8)
  const oneKey = Buffer.from([0, 0, 0, 1])
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0', 'latin1'),
    prefixed('none'),
    prefixed('none'),
    prefixed(''),
    oneKey,
    prefixed(publicBlob),
    prefixed(Buffer.concat([secret, padding])),
  ])
  const lines = file.toString('base64').match(/.{1,70}/g) ?? []
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n')
}

function prefixed(bytes: Buffer | string): Buffer {
  const content = Buffer.from(bytes)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  return Buffer.concat([length, content])
}
