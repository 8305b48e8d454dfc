/** The things a clone must be given of its own, in the order they are done. */
export const receiptItems = {
  identify: ['entropy', 'clock', 'machine_id', 'ssh_host_keys', 'mac', 'address', 'generation'],
  assign: ['clock', 'entropy', 'hostname', 'env', 'secrets', 'files', 'token', 'link', 'hooks'],
} as const

export type ReceiptPart = keyof typeof receiptItems
export type ReceiptItemName = (typeof receiptItems)[ReceiptPart][number]

/** `not_applicable`: machines of this kind cannot have it; said, never silently skipped. */
export type ReceiptStatus = 'done' | 'not_applicable' | 'failed'

/** One thing that was changed, with what the guest read back afterwards. */
export interface ReceiptItem {
  readonly name: ReceiptItemName
  readonly status: ReceiptStatus
  /** What the guest read back after the change; never a secret (for secrets, files and token: a SHA-256 or a count). */
  readonly evidence: string
  readonly detail?: string
}

/** The guest's proof of what was personalised, as verified by the host. */
export interface Receipt {
  readonly identify: readonly ReceiptItem[]
  readonly assign: readonly ReceiptItem[]
  readonly verifiedAt: number
}
