import { errorStatus } from '@hearth/model'
import type { Operation } from './operations.ts'

interface Row {
  accepted: number
  refused: number
  readonly codes: Map<string, number>
}

/** What came of the requests, by operation. */
export class Tally {
  readonly rows = new Map<string, Row>()
  readonly faults: string[] = []
  /** The last good request of an operation that was refused all the same. */
  readonly notes = new Map<string, string>()

  constructor(operations: readonly Pick<Operation, 'id'>[]) {
    for (const { id } of operations) this.rows.set(id, { accepted: 0, refused: 0, codes: new Map() })
  }

  count(id: string, status: number, code: string | undefined): void {
    const row = this.rows.get(id) ?? { accepted: 0, refused: 0, codes: new Map<string, number>() }
    this.rows.set(id, row)
    if (status < 400) row.accepted += 1
    else row.refused += 1
    const what = code ?? (status < 400 ? undefined : String(status))
    if (what !== undefined) row.codes.set(what, (row.codes.get(what) ?? 0) + 1)
  }

  note(id: string, refusal: string): void {
    this.notes.set(id, refusal)
  }

  acceptedOf(id: string): number {
    return this.rows.get(id)?.accepted ?? 0
  }

  get requests(): number {
    return [...this.rows.values()].reduce((sum, { accepted, refused }) => sum + accepted + refused, 0)
  }

  get codes(): Set<string> {
    return new Set([...this.rows.values()].flatMap(({ codes }) => [...codes.keys()]))
  }

  /** For people: a line for each operation, then one for each code. */
  table(unreachable: Readonly<Record<string, string>>): string {
    const lines = [...this.rows].map(([id, { accepted, refused, codes }]) => {
      const often = [...codes].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`)
      return `${id.padEnd(36)} ${String(accepted).padStart(6)} ${String(refused).padStart(6)}  ${often.join(', ')}`
    })
    const total = (code: string) => [...this.rows.values()].reduce((sum, row) => sum + (row.codes.get(code) ?? 0), 0)
    const codes = Object.entries(errorStatus).map(([code, status]) => {
      const why = unreachable[code]
      return `${code.padEnd(26)} ${status} ${String(total(code)).padStart(6)}${why === undefined ? '' : `  not reachable: ${why}`}`
    })
    const head = `${'operation'.padEnd(36)} accept refuse  codes`
    return [head, ...lines, '', `${'code'.padEnd(26)} http  count`, ...codes].join('\n')
  }
}
