import { type FileHandle, open } from 'node:fs/promises'
import { type RunOptions, run } from '../../child/run.ts'

const blockBytes = 4096

const features =
  'none,has_journal,ext_attr,dir_index,filetype,extent,flex_bg,sparse_super2,large_file,huge_file,dir_nlink,extra_isize,uninit_bg'
const extended = [
  'num_backup_sb=0',
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
 * Makes the blank ext4 disk on which a guest keeps what it changes: the same bytes for the same size, a few of them stored.
 * The file ends behind the last block in use, so that reading it all (for its digest) does not take as long as the disk is large;
 * the overlay above it has the full size, and QEMU reads zeros where a backing file has ended.
 * A journal of 4 MiB, because a snapshot may be taken of a guest that could not be brought to rest.
 */
export async function makeScratchDisk(path: string, diskMiB: number, options: RunOptions): Promise<void> {
  const file = await open(path, 'wx+', 0o600)
  try {
    await file.truncate(diskMiB * 1024 * 1024)
    const argv = [
      'mkfs.ext4',
      '-q',
      '-F',
      '-b',
      String(blockBytes),
      '-I',
      '256',
      '-i',
      '16384',
      '-m',
      '0',
      '-L',
      'hearth-scratch',
    ]
    argv.push('-O', features, '-J', 'size=4', '-U', '68656172-7468-4873-8372-617463680001', '-E', extended.join(','), path)
    // The host's mke2fs.conf must not decide what is in an image, and no time of day either.
    await run(argv, { ...options, env: { MKE2FS_CONFIG: '/dev/null', E2FSPROGS_FAKE_TIME: '1' } })
    await file.truncate((await usedBlocks(file)) * blockBytes)
  } finally {
    await file.close()
  }
}

/** From the superblock (Documentation/filesystems/ext4/super.rst): all blocks in use lie at the front, because `packed_meta_blocks`. */
async function usedBlocks(file: FileHandle): Promise<number> {
  const superblock = Buffer.alloc(1024)
  await file.read(superblock, 0, superblock.length, 1024)
  return superblock.readUInt32LE(4) - superblock.readUInt32LE(12)
}

/** Makes the empty qcow2 of `diskMiB` that is copied for each machine; its backing file is named when QEMU starts. */
export async function makeOverlay(path: string, diskMiB: number, options: RunOptions): Promise<void> {
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'compat=1.1,cluster_size=65536', path, `${diskMiB}M`], options)
}
