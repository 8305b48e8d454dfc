import { errorStatus } from '@hearth/model'
import { problemTitles } from '../problem.ts'
import { escaped } from './escaped.ts'
import { type Operation, operationsByTag } from './operations.ts'
import { style } from './style.ts'

/** The whole API as one HTML page, made from its OpenAPI document (JSON). It needs no script and loads nothing. */
export function docsPage(openApi: string): string {
  const document = JSON.parse(openApi) as { info: { version: string }; paths: object }
  const groups = operationsByTag(document)
  const contents = [...groups].map(([tag, operations]) => `<li><a href="#${tag}">${tag}</a> (${operations.length})</li>`)
  const sections = [...groups].map(([tag, operations]) => section(tag, operations))
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Hearth API</title><style>${style}</style></head>
<body>
<header><h1>Hearth API</h1><p>Version ${escaped(document.info.version)}. The same for programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p></header>
<nav><ul>${contents.join('')}<li><a href="#errors">errors</a></li></ul></nav>
<main>${sections.join('\n')}${errorSection()}</main>
</body>
</html>
`
}

function section(tag: string, operations: readonly Operation[]): string {
  return `<section id="${tag}"><h2>${tag}</h2>${operations.map(operationText).join('\n')}</section>`
}

function operationText({ method, path, also, id, summary, needs, parameters, body, answers }: Operation): string {
  const address = `<code class="method">${method}</code> <code>${escaped(path)}</code>`
  const twin = also === undefined ? '' : `<p>Also <code>${escaped(also)}</code></p>`
  const rows = parameters.map(
    ({ name, place, about, required }) =>
      `<tr><td><code>${escaped(name)}</code></td><td>${place}${required ? ', required' : ''}</td><td>${escaped(about)}</td></tr>`,
  )
  const table = rows.length === 0 ? '' : `<table>${rows.join('')}</table>`
  const shapes = [...(body === undefined ? [] : [['Body', body] as const]), ...answers].map(
    ([name, schema]) => `<details><summary>${escaped(name)}</summary><pre>${escaped(schema)}</pre></details>`,
  )
  return `<article id="${id}"><h3>${address}</h3><p>${escaped(summary)}</p><p>${needs === undefined ? 'No key is needed.' : `Needs ${escaped(needs)}.`}</p>${twin}${table}${shapes.join('')}</article>`
}

function errorSection(): string {
  const rows = Object.entries(errorStatus).map(
    ([code, status]) =>
      `<tr id="error-${code}"><td><code>${code}</code></td><td>${status}</td><td>${escaped(problemTitles[code as keyof typeof problemTitles])}</td></tr>`,
  )
  return `<section id="errors"><h2>errors</h2><p>Problem details (RFC 9457), application/problem+json. Compare <code>code</code>.</p><table>${rows.join('')}</table></section>`
}
