import { readFile } from 'node:fs/promises'
import { createSecureContext, type Server } from 'node:tls'
import { type Clock, HearthError, type Log, messageOf } from '@hearth/model'

/** Where a certificate and its private key are, PEM. */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** What they hold. */
export interface TlsPair {
  readonly cert: string
  readonly key: string
}

/** How often the files are looked at: whoever renews certificates need not tell. */
const lookEveryMs = 60_000

/** Reads both and proves that they belong together. @throws HearthError `invalid_input` */
export async function readTlsFiles({ certFile, keyFile }: TlsFiles): Promise<TlsPair> {
  const pair = { cert: await readPem('tlsCert', certFile), key: await readPem('tlsKey', keyFile) }
  try {
    createSecureContext(pair)
    return pair
  } catch (error) {
    const what = `tlsCert, tlsKey: ${certFile} and ${keyFile} are no certificate and its key: ${messageOf(error)}`
    throw new HearthError('invalid_input', what, { cause: error })
  }
}

async function readPem(setting: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new HearthError('invalid_input', `${setting}: ${file} cannot be read: ${error.message}`, { cause: error })
  })
}

/** Gives `server` the new certificate whenever the files change, until `signal`. What cannot be used leaves the old one in place. */
export async function followTlsFiles(files: TlsFiles, { server, used, clock, log, signal }: FollowOptions): Promise<void> {
  let current = used
  let refused: string | undefined
  while (await another(clock, signal)) {
    try {
      const found = await readTlsFiles(files)
      refused = undefined
      if (found.cert === current.cert && found.key === current.key) continue
      server.setSecureContext(found)
      current = found
      log.info('tls.renewed', { file: files.certFile })
    } catch (error) {
      // Perhaps one file is new already and the other is not: the next look tells.
      if (refused !== messageOf(error)) log.warn('tls.not_renewed', { error: messageOf(error) })
      refused = messageOf(error)
    }
  }
}

export interface FollowOptions {
  readonly server: Pick<Server, 'setSecureContext'>
  readonly used: TlsPair
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

async function another(clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(lookEveryMs, signal)
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
