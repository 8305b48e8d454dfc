import swagger from '@fastify/swagger'
import { namedSchemas, problemSchema } from '@hearth/protocol'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import * as z from 'zod'
import type { App } from './http-parts.ts'

/**
 * The OpenAPI 3.1 document of the API, made from the schemas that validate. `create` makes a second API, which never listens:
 * describing routes costs each of them something that the real one need not pay.
 */
export async function describeApi(create: (prepare: (app: App) => void) => App, version: string): Promise<string> {
  nameSchemas()
  const app = create((described) => {
    described.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'Hearth', version, license: { name: 'Apache-2.0' } },
        components: { securitySchemes },
        security: [{ bearer: [] }, { apiKey: [] }],
      },
      transform: withProblem,
      transformObject: withoutInputs,
    })
  })
  await app.ready()
  const text = JSON.stringify(app.swagger())
  await app.close()
  return text
}

/** How a key is shown; on the unix socket none is needed. */
const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
} as const

/** Once for all: a schema keeps the name it has. */
function nameSchemas(): void {
  for (const [id, schema] of Object.entries(namedSchemas)) {
    const known = z.globalRegistry.get(schema)
    if (known?.id === undefined) z.globalRegistry.add(schema, { ...known, id })
  }
}

/** What is named is answered, never sent. */
const withoutInputs: typeof jsonSchemaTransformObject = (document) => {
  const described = jsonSchemaTransformObject(document)
  const { schemas = {} } = ('components' in described && described.components) || {}
  for (const name of Object.keys(schemas)) if (!Object.hasOwn(namedSchemas, name)) delete schemas[name]
  return described
}

/** Every request can be refused, and most need a key of some scope. */
const withProblem: typeof jsonSchemaTransform = (route) => {
  const { schema } = route
  const { needs } = route.route.config ?? {}
  if (!schema || schema.hide) return jsonSchemaTransform(route)
  const described = { ...schema, response: { ...(schema.response as object | undefined), default: problemSchema } }
  const { schema: made, url } = jsonSchemaTransform({ ...route, schema: described })
  const open = needs?.scope === 'nothing' && { security: [] }
  return { schema: { ...made, ...open, ...(needs && !open && { 'x-needs': `${needs.scope} (${needs.of})` }) }, url }
}
