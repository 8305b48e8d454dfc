import type { FileStat } from '@hearth/model'
import type { FileStatResource } from '@hearth/protocol'
import { timeView } from './time-view.ts'

/** What the guest says of a file, as the API shows it. */
export function fileView(stat: FileStat): FileStatResource {
  return {
    path: stat.path,
    kind: stat.kind,
    sizeBytes: stat.sizeBytes,
    mode: modeView(stat.mode),
    uid: stat.uid,
    gid: stat.gid,
    modifiedAt: timeView(within(stat.mtimeMs)),
    ...(stat.target !== undefined && { target: stat.target }),
  }
}

/** Permission bits as octal digits. */
function modeView(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}

/** A guest may claim any time; beyond what a date can hold it is the epoch. */
function within(ms: number): number {
  return Math.abs(ms) <= 8_640_000_000_000_000 ? ms : 0
}
