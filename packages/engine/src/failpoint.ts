/**
 * Steps at which a test ends the server with `kill -9`, to see that the next one makes everything whole again.
 * A name that no code reaches would prove nothing, so the test fails on it.
 */
export const failpoints = ['launch.row_written', 'launch.machine_up', 'launch.running'] as const
export type Failpoint = (typeof failpoints)[number]
