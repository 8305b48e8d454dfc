export { type FaultPoint, Faults, faultPoints } from './memory/faults.ts'
export { MemoryDriver, type MemoryDriverOptions } from './memory/memory-driver.ts'
export { MemoryHost } from './memory/memory-host.ts'
export { createQemuDriver, type QemuDriverOptions } from './qemu/create-qemu-driver.ts'
