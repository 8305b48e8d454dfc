import {
  type Change,
  HearthError,
  liveMachineStates,
  type Machine,
  type MachineId,
  type MachineSecrets,
  type Name,
  type Snapshot,
  type StateStore,
  type Table,
  type Template,
  type TemplateRef,
} from '@hearth/model'

/** A state store in memory that keeps every promise of the port but to outlive the process. For tests. */
export function memoryStore(): StateStore {
  const templates = new MemoryTable<Template, TemplateRef>((row) => row.ref)
  const machines = new MemoryTable<Machine, MachineId>((row) => row.id, refuseTakenName)
  const snapshots = new MemoryTable<Snapshot, Snapshot['id']>((row) => row.id)
  return {
    templates: Object.assign(templates, {
      versions: async (name: Name) => templates.where((row) => row.name === name).sort((a, b) => b.version - a.version),
    }),
    machines: Object.assign(machines, {
      byName: async (name: Name) => machines.where((row) => row.name === name && isLive(row))[0],
      putSecrets: async (id: MachineId, secrets: MachineSecrets) => machines.attach(id, secrets),
      getSecrets: async (id: MachineId) => machines.attached(id) as MachineSecrets | undefined,
      deleteSecrets: async (id: MachineId) => machines.detach(id),
    }),
    snapshots: Object.assign(snapshots, {
      byTemplate: async (template: TemplateRef) => snapshots.where((row) => row.template === template),
    }),
    close: async () => undefined,
  }
}

type Guard<Row> = (row: Row, others: readonly Row[]) => void

class MemoryTable<Row extends { readonly rev: number; readonly createdAt: number }, Id extends string> implements Table<Row, Id> {
  readonly #rows = new Map<Id, Row>()
  readonly #attached = new Map<Id, unknown>()
  readonly #idOf: (row: Omit<Row, 'rev'>) => Id
  readonly #guard: Guard<Row>

  constructor(idOf: (row: Omit<Row, 'rev'>) => Id, guard: Guard<Row> = () => undefined) {
    this.#idOf = idOf
    this.#guard = guard
  }

  async insert(row: Omit<Row, 'rev'>): Promise<Row> {
    const id = this.#idOf(row)
    if (this.#rows.has(id)) throw conflict(id, 'exists already')
    return this.#put(id, { ...row, rev: 1 } as Row)
  }

  async get(id: Id): Promise<Row | undefined> {
    return structuredClone(this.#rows.get(id))
  }

  async update(id: Id, rev: number, change: Change<Row>): Promise<Row> {
    return this.#put(id, { ...this.#at(id, rev), ...change, rev: rev + 1 })
  }

  async delete(id: Id, rev: number): Promise<void> {
    this.#at(id, rev)
    this.#rows.delete(id)
    this.detach(id)
  }

  async list(): Promise<Row[]> {
    return this.where(() => true)
  }

  /** Copies of the rows that fit, oldest first. */
  where(fits: (row: Row) => boolean): Row[] {
    const found = [...this.#rows.values()].filter(fits).map((row) => structuredClone(row))
    return found.sort((a, b) => a.createdAt - b.createdAt)
  }

  attach(id: Id, value: unknown): void {
    if (!this.#rows.has(id)) throw new HearthError('machine_not_found', `there is no row ${id}`)
    this.#attached.set(id, structuredClone(value))
  }

  attached(id: Id): unknown {
    return structuredClone(this.#attached.get(id))
  }

  detach(id: Id): void {
    this.#attached.delete(id)
  }

  #at(id: Id, rev: number): Row {
    const row = this.#rows.get(id)
    if (row?.rev !== rev) throw conflict(id, `is at revision ${row?.rev ?? 'none'}, not ${rev}`)
    return row
  }

  #put(id: Id, row: Row): Row {
    const others = [...this.#rows].filter(([other]) => other !== id).map(([, other]) => other)
    this.#guard(row, others)
    const kept = structuredClone(row)
    for (const [field, value] of Object.entries(kept)) if (value === undefined) Reflect.deleteProperty(kept, field)
    this.#rows.set(id, kept)
    return structuredClone(kept)
  }
}

function refuseTakenName(row: Machine, others: readonly Machine[]): void {
  if (!row.name || !isLive(row)) return
  if (others.some((other) => other.name === row.name && isLive(other))) {
    throw new HearthError('name_taken', `a live machine is already named ${row.name}`)
  }
}

function isLive(row: Machine): boolean {
  return liveMachineStates.some((state) => state === row.state)
}

function conflict(id: string, why: string): HearthError {
  return new HearthError('store_conflict', `row ${id} ${why}`)
}
