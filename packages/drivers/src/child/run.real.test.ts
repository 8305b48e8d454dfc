import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { childFailure, isBrokenPipe, run, withChild } from './run.ts'

describe('a child process', () => {
  it('gives what it wrote, and gets nothing of our environment', async () => {
    const written = await run(['env'], { env: { GIVEN: 'yes' } })
    expect(written.trim().split('\n').sort()).toEqual([
      'GIVEN=yes',
      'LANG=C.UTF-8',
      'LC_ALL=C.UTF-8',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ])
  })

  it('that is not installed is told apart', async () => {
    await expect(run(['hearth-no-such-program'])).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: 'hearth-no-such-program could not be started: spawn hearth-no-such-program ENOENT',
      hint: expect.stringContaining('hearth doctor'),
    })
  })

  it('that ends badly tells its exit code and the last 4 KiB of stderr', async () => {
    const error = await run(['sh', '-c', 'seq 1 5000 >&2; echo the reason >&2; exit 7']).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ message: 'sh ended with exit code 7: the reason' })
    const failure = childFailure(error)
    expect(failure).toMatchObject({ program: 'sh', exitCode: 7, signal: null })
    expect(failure?.stderr.length).toBeLessThanOrEqual(4096)
    expect(failure?.stderr.startsWith('1\n')).toBe(false)
  })

  it('that dies of a signal tells which', async () => {
    await expect(run(['sh', '-c', 'kill -9 $$'])).rejects.toMatchObject({ message: 'sh was ended by SIGKILL' })
  })

  it('that writes without end is stopped', async () => {
    await expect(run(['yes'])).rejects.toMatchObject({ message: 'yes wrote more than 1048576 bytes' })
  })

  it('gives its stderr line by line', async () => {
    const lines: string[] = []
    await run(['sh', '-c', 'printf "one\\ntw" >&2; printf "o\\r\\nthree" >&2'], { onStderrLine: (line) => lines.push(line) })
    expect(lines).toEqual(['one', 'two'])
  })

  it('whose end breaks our pipe is the reason that is told', async () => {
    const writing = withChild(
      ['sh', '-c', 'echo full >&2; exit 3'],
      { mirrorsChild: isBrokenPipe },
      async ({ stdin, stdout }) => {
        stdout.resume()
        for (;;) {
          if (!stdin.write(Buffer.alloc(65_536)))
            await Promise.race([
              once(stdin, 'drain'),
              once(stdin, 'close').then(() => {
                throw brokenPipe
              }),
            ])
        }
      },
    )
    await expect(writing).rejects.toMatchObject({ message: 'sh ended with exit code 3: full' })
  })

  it('is ended with all that it started when its streams are no longer wanted', async () => {
    const mark = 'hearth-run-test-1'
    const using = withChild(sleepers(mark), {}, async ({ stdout }) => {
      await once(stdout, 'data')
      expect(processesWith(mark).length).toBeGreaterThan(1)
      throw new Error('no longer wanted')
    })
    await expect(using).rejects.toThrow('no longer wanted')
    expect(processesWith(mark)).toEqual([])
  })

  it('is ended with all that it started when it is aborted, also against its will', async () => {
    const mark = 'hearth-run-test-2'
    const controller = new AbortController()
    const options = { signal: controller.signal, graceMs: 100 }
    const using = withChild(sleepers(mark, "trap '' TERM; "), options, async ({ stdout }) => {
      await once(stdout, 'data')
      controller.abort(new Error('enough'))
      for await (const _ of stdout);
    })
    await expect(using).rejects.toThrow('enough')
    expect(processesWith(mark)).toEqual([])
  })

  it('is not started when it was aborted before', async () => {
    await expect(run(['true'], { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early')
  })

  it('takes what it left behind with it when it ends well', async () => {
    const mark = 'hearth-run-test-3'
    await run(['sh', '-c', `sh -c 'sleep 300; : ${mark}' >/dev/null 2>&1 & :`])
    expect(processesWith(mark)).toEqual([])
  })
})

const brokenPipe = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })

/** A shell with another below it, both marked, that says so on stdout. */
function sleepers(mark: string, before = ''): string[] {
  return ['sh', '-c', `${before}sh -c '${before.replaceAll("'", '"')}echo up; sleep 300; : ${mark}'; : ${mark}`]
}

/** The living processes that have `mark` in their command line. */
function processesWith(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) return false
    try {
      const isZombie = / Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/\(.*\)/, ''))
      return !isZombie && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(mark)
    } catch {
      // It ended while we looked.
      return false
    }
  })
}
