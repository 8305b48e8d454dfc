import swagger from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import type { App } from './http-parts.ts'

/**
 * The OpenAPI 3.1 document of the API, made from the schemas that validate. `create` makes a second API, which never listens:
 * describing routes costs each of them something that the real one need not pay.
 */
export async function describeApi(create: (prepare: (app: App) => void) => App, version: string): Promise<string> {
  const app = create((described) => {
    described.register(swagger, {
      openapi: { openapi: '3.1.0', info: { title: 'Hearth', version, license: { name: 'Apache-2.0' } } },
      transform: jsonSchemaTransform,
      transformObject: jsonSchemaTransformObject,
    })
  })
  await app.ready()
  const text = JSON.stringify(app.swagger())
  await app.close()
  return text
}
