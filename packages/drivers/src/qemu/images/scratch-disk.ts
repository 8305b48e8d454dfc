import { open } from 'node:fs/promises'
import type { RunOptions } from '../../child/run.ts'
import { run } from '../../child/run.ts'

const features =
  'none,has_journal,ext_attr,dir_index,filetype,extent,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,uninit_bg'
const extended = [
  'hash_seed=68656172-7468-4873-8372-617463680002',
  // The file is all holes: inode tables are zero already, and no guest has to write them in the background.
  'lazy_itable_init=1',
  'lazy_journal_init=1',
  'assume_storage_prezeroed=1',
  'nodiscard',
  // All metadata at the front: what a fresh machine reads lies in a few blocks.
  'packed_meta_blocks=1',
]

/**
 * Makes the blank ext4 disk on which a guest keeps what it changes: sparse, and the same bytes for the same size.
 * A journal of 4 MiB, because a snapshot may be taken of a guest that could not be brought to rest.
 */
export async function makeScratchDisk(path: string, diskMiB: number, options: RunOptions): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.truncate(diskMiB * 1024 * 1024)
  } finally {
    await file.close()
  }
  const argv = ['mkfs.ext4', '-q', '-F', '-b', '4096', '-I', '256', '-i', '16384', '-m', '0', '-L', 'hearth-scratch']
  argv.push('-O', features, '-J', 'size=4', '-U', '68656172-7468-4873-8372-617463680001', '-E', extended.join(','), path)
  // The host's mke2fs.conf must not decide what is in an image, and no time of day either.
  await run(argv, { ...options, env: { MKE2FS_CONFIG: '/dev/null', E2FSPROGS_FAKE_TIME: '1' } })
}

/** Makes the empty qcow2 of `diskMiB` that is copied for each machine; its backing file is named when QEMU starts. */
export async function makeOverlay(path: string, diskMiB: number, options: RunOptions): Promise<void> {
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'compat=1.1,cluster_size=65536', path, `${diskMiB}M`], options)
}
