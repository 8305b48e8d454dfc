import type { Schema, Schemas } from './json-schema.ts'

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly schema: Schema
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>
}

interface Described {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: Content
  readonly responses: Readonly<Record<string, Content>>
}

/** The document of `GET /openapi.json`, as far as it is looked at. */
export interface ApiDescription {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: { readonly schemas: Schemas }
}

/** One operation of the API, as the server describes it. */
export interface Operation {
  readonly id: string
  /** The same at the short path and in a namespace. */
  readonly kind: string
  readonly method: string
  /** With `{names}`. */
  readonly path: string
  readonly parameters: readonly Parameter[]
  readonly body: Schema | undefined
  readonly answers: Described['responses']
  readonly isNamespaced: boolean
}

const namespaced = /InNamespace$/

export function operationsOf({ paths }: ApiDescription): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId: id, parameters = [], requestBody, responses }]) => ({
      id,
      kind: id.replace(namespaced, ''),
      method: method.toUpperCase(),
      path,
      parameters,
      body: requestBody?.content?.['application/json']?.schema,
      answers: responses,
      isNamespaced: namespaced.test(id),
    })),
  )
}
