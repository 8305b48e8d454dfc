import type { Context } from '../../context.ts'

/** `hearth doctor` */
export async function doctor(_context: Context): Promise<number> {
  return 0
}
