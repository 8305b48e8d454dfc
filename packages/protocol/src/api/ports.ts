import * as z from 'zod'

/** `GET /v1/machines/{m}/ports`: where something listens inside the machine. */
export const portListSchema = z.object({ items: z.array(z.object({ port: z.int() })) })
export type PortList = z.output<typeof portListSchema>
