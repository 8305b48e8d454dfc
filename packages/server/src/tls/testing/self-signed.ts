import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TlsFiles } from '../tls-files.ts'

const run = promisify(execFile)

/** Writes a certificate for 127.0.0.1 that vouches for itself, and its key, into `folder`. */
export async function selfSigned(folder: string, name = 'server'): Promise<TlsFiles> {
  const files = { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) }
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', files.keyFile, '-out', files.certFile],
  ])
  return files
}
