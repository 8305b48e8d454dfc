/** Bounds that are the same everywhere; units are in the names. */
export const limits = {
  envEntries: 512,
  envBytes: 48 * 1024,
  labels: 64,
  labelBytes: 256,
  injectedFiles: 64,
  injectedFileBytes: 128 * 1024,
  argvBytes: 128 * 1024,
  readyTimeoutMs: { min: 1_000, max: 3_600_000, default: 120_000 },
  /** Of a machine's life: one second to 30 days. */
  timeoutMs: { min: 1_000, max: 30 * 86_400_000 },
  forkCount: 50,
  hostnameLength: 63,
} as const
