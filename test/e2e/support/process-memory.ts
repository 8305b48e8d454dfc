import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'

const chunkBytes = 4 * 1024 ** 2

/** SHA-256 of everything a process sees in its mapping of `path`, read through /proc/PID/mem and nothing of ours; and its size. */
export async function hashMapping(pid: number, path: string): Promise<{ sha256: string; sizeBytes: number }> {
  const { start, end } = await mappingOf(pid, path)
  const memory = await open(`/proc/${pid}/mem`, 'r')
  try {
    const hash = createHash('sha256')
    const chunk = Buffer.alloc(chunkBytes)
    for (let at = start; at < end; ) {
      const { bytesRead } = await memory.read({ buffer: chunk, length: Math.min(chunkBytes, end - at), position: at })
      if (bytesRead === 0) throw new Error(`the memory of ${pid} ends at ${at.toString(16)}`)
      hash.update(chunk.subarray(0, bytesRead))
      at += bytesRead
    }
    return { sha256: hash.digest('hex'), sizeBytes: end - start }
  } finally {
    await memory.close()
  }
}

/** A mapping may be several entries that follow each other. */
async function mappingOf(pid: number, path: string): Promise<{ start: number; end: number }> {
  const lines = (await readFile(`/proc/${pid}/maps`, 'utf8')).split('\n').filter((line) => line.includes(path))
  const ranges = lines.map(
    (line) =>
      line
        .split(' ', 1)[0]
        ?.split('-')
        .map((text) => Number.parseInt(text, 16)) ?? [],
  )
  const [start] = ranges.at(0) ?? []
  const [, end] = ranges.at(-1) ?? []
  if (start === undefined || end === undefined) throw new Error(`process ${pid} maps no ${path}`)
  const mapped = ranges.reduce((sum, [from = 0, to = 0]) => sum + to - from, 0)
  if (mapped !== end - start) throw new Error(`process ${pid} maps ${path} with gaps`)
  return { start, end }
}
