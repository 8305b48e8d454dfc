import { portParamField } from '@hearth/protocol'
import * as z from 'zod'

/** A machine's id or name, as written in a path; the engine knows which it is. */
export const machineParams = z.object({ machine: z.string().min(1).max(63) })
export const snapshotParams = z.object({ snapshot: z.string().min(1).max(63) })
export const templateParams = z.object({ template: z.string().min(1).max(80) })
export const dialParams = machineParams.extend({ port: portParamField })
/** An answer without content. */
export const nothing = z.null()
