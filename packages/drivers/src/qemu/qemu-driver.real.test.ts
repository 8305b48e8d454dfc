import { describeDriver } from '@hearth/conformance'
import { qemuBed } from './testing/qemu-bed.ts'

describeDriver('qemu', qemuBed)
