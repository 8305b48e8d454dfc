import type { ReceiptVerifier } from '@hearth/engine'
import { HearthError, type ReceiptPart } from '@hearth/model'
import { verifyReceipt } from '@hearth/protocol'

/** Refuses a receipt that does not prove what was asked for. */
export const receiptVerifier: ReceiptVerifier = {
  identify: (request, items, hello) => refuse('identify', verifyReceipt('identify', request, items, hello.capabilities)),
  assign: (request, items, hello) => refuse('assign', verifyReceipt('assign', request, items, hello.capabilities)),
}

function refuse(part: ReceiptPart, problems: readonly string[]): void {
  if (problems.length === 0) return
  throw new HearthError('personalise_failed', `the guest does not prove what it was told (${part}): ${problems.join('; ')}`, {
    details: { part, problems },
  })
}
