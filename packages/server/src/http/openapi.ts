import swagger from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { createHttp } from './create-http.ts'
import type { HttpParts } from './http-parts.ts'

let document: Promise<string> | undefined

/** The OpenAPI 3.1 document of the API, made from the schemas that validate; made once, when first asked for. */
export function openApiOf(parts: HttpParts): Promise<string> {
  document ??= make(parts)
  return document
}

/** A second API that never listens: describing routes costs each of them something, which the real one need not pay. */
async function make(parts: HttpParts): Promise<string> {
  const app = createHttp(parts, (described) => {
    described.register(swagger, {
      openapi: { openapi: '3.1.0', info: { title: 'Hearth', version: parts.system.version, license: { name: 'Apache-2.0' } } },
      transform: jsonSchemaTransform,
      transformObject: jsonSchemaTransformObject,
    })
  })
  await app.ready()
  const text = JSON.stringify(app.swagger())
  await app.close()
  return text
}
