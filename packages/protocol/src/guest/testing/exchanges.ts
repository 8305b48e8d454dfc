import type { Exchange } from './exchange.ts'
import { execExchanges } from './exec-exchanges.ts'
import { fileExchanges } from './file-exchanges.ts'
import { sessionExchanges } from './session-exchanges.ts'

/** Every exchange that is recorded in `packages/protocol/vectors`. */
export const exchanges: readonly Exchange[] = [...sessionExchanges, ...execExchanges, ...fileExchanges]
