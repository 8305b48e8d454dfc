/** Where the host of the network proofs answers. */
export const testHost = {
  port: 5151,
  greeting: 'hello',
  /** TEST-NET-2 of RFC 5737. */
  outside: '198.51.100.7',
  metadata: '169.254.169.254',
  /** Where systemd-resolved listens. */
  resolver: '127.0.0.53',
} as const
