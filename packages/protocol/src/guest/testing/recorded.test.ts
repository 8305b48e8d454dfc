import { describe, expect, it } from 'vitest'
import { renderExchange } from './exchange.ts'
import { exchanges } from './exchanges.ts'

describe('recorded exchanges', () => {
  it.each(exchanges)('$name is what the file says', async (exchange) => {
    await expect(renderExchange(exchange)).toMatchFileSnapshot(`../../../vectors/${exchange.name}.json`)
  })
})
