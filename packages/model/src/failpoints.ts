/**
 * The steps at which a server can be made to end itself with `kill -9`, to see that the next one makes everything whole again
 * (`HEARTH_FAILPOINT`). Each lies between two things that must both happen, or neither. A name that no code reaches would prove
 * nothing, so the tests fail on it.
 */
export const failpoints = [
  'launch.row_written',
  'launch.machine_up',
  'launch.personalised',
  'launch.running',
  'machine.folder_made',
  'machine.memory_made',
  'machine.spawned',
  'machine.recorded',
  'snapshot.row_written',
  'snapshot.frozen',
  'snapshot.paused',
  'snapshot.captured',
  'snapshot.written',
  'snapshot.published',
  'snapshot.ready',
  'copy.written',
  'copy.published',
  'fork.frozen',
  'fork.cloned',
  'pause.stopped',
  'resume.going',
  'resume.fresh',
  'end.stopping',
  'end.killed',
  'end.destroyed',
  'remove_snapshot.deleting',
  'remove_snapshot.files_gone',
  'remove_template.deleting',
  'remove_template.files_gone',
  'pool.row_written',
  'pool.parked',
  'claim.taken',
  'claim.continued',
  'claim.personalised',
  'build.row_written',
  'build.image_made',
  'build.image_published',
  'build.memory_kept',
  'build.proven',
] as const
export type Failpoint = (typeof failpoints)[number]

/** Called at each of these steps; does nothing unless a test wants it to. */
export type PassFailpoint = (name: Failpoint) => void
