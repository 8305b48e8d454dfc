import { driverError, type ImageSource } from '@hearth/model'
import type { MemoryHost } from './memory-host.ts'

/** All that decides what an image holds, as text. @throws HearthError `driver_misconfigured` for an image that does not exist */
export function describeImage(host: MemoryHost, source: ImageSource): string {
  switch (source.kind) {
    case 'builtin':
      return `builtin ${source.name}`
    case 'debian':
      return `debian ${source.suite} ${source.include.join(',')}`
    case 'tar':
    case 'dir': {
      const content = host.images.get(source.path)
      if (content === undefined) throw driverError('Misconfigured', `there is no image ${JSON.stringify(source.path)}`)
      return `${source.kind} ${content}`
    }
  }
}
