import { portParamField } from '@hearth/protocol'
import * as z from 'zod'

/** A machine's id or name, as written in a path; the engine knows which it is. */
export const machineShape = { machine: z.string().min(1).max(63).describe('Id, or the name of a live machine') }
export const snapshotShape = { snapshot: z.string().min(1).max(63).describe('Id') }
export const templateParams = z.object({ template: z.string().min(1).max(80).describe('NAME or NAME@VERSION') })
export const portShape = { ...machineShape, port: portParamField }
/** An answer without content. */
export const nothing = z.null()
