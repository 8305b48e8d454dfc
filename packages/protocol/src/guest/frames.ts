/** The frame types of docs/guest-protocol.md. */
export const frameType = {
  request: 0x01,
  data: 0x02,
  end: 0x03,
  credit: 0x04,
  cancel: 0x05,
  reply: 0x11,
  error: 0x12,
  event: 0x13,
} as const

/** Channel 0 goes to the guest, 1 and 2 come from it. */
export const channel = { toGuest: 0, output: 1, errors: 2 } as const

export const frameLimits = {
  /** What the length word may say: type, stream and payload. */
  minLength: 5,
  maxLength: 262_144,
  /** The length word, type and stream. */
  headerBytes: 9,
  maxDataBytes: 65_536,
  /** What each channel of each stream may send before credit comes back. */
  initialCredit: 262_144,
  openStreams: 256,
  errorTextBytes: 4096,
} as const

/** Bytes before the fields of a REQUEST and of an EVENT: the header and a two-byte number. */
export const numberedHeaderBytes = frameLimits.headerBytes + 2

/** Fills the header into a buffer whose first nine bytes are free. */
export function sealFrame(frame: Buffer, type: number, stream: number): Buffer {
  frame.writeUInt32BE(frame.length - 4, 0)
  frame[4] = type
  frame.writeUInt32BE(stream, 5)
  return frame
}

/** Fills in header and number of a REQUEST or EVENT whose first eleven bytes are free. */
export function sealNumbered(frame: Buffer, type: number, stream: number, number: number): Buffer {
  frame.writeUInt16BE(number, frameLimits.headerBytes)
  return sealFrame(frame, type, stream)
}

/** A DATA frame with a copy of `bytes`. */
export function dataFrame(stream: number, onChannel: number, bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(frameLimits.headerBytes + 1 + bytes.length)
  frame[frameLimits.headerBytes] = onChannel
  frame.set(bytes, frameLimits.headerBytes + 1)
  return sealFrame(frame, frameType.data, stream)
}

/** The bytes in a DATA frame, as a view. */
export function dataOf(frame: Buffer): Buffer {
  return frame.subarray(frameLimits.headerBytes + 1)
}

export function endFrame(stream: number, onChannel: number): Buffer {
  const frame = Buffer.allocUnsafe(frameLimits.headerBytes + 1)
  frame[frameLimits.headerBytes] = onChannel
  return sealFrame(frame, frameType.end, stream)
}

export function creditFrame(stream: number, onChannel: number, bytes: number): Buffer {
  const frame = Buffer.allocUnsafe(frameLimits.headerBytes + 5)
  frame[frameLimits.headerBytes] = onChannel
  frame.writeUInt32BE(bytes, frameLimits.headerBytes + 1)
  return sealFrame(frame, frameType.credit, stream)
}

export function cancelFrame(stream: number): Buffer {
  return sealFrame(Buffer.allocUnsafe(frameLimits.headerBytes), frameType.cancel, stream)
}
