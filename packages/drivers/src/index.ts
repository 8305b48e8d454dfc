export { createQemuDriver, type QemuDriverOptions } from './qemu/create-qemu-driver.ts'
