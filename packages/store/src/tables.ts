import type { Machine, Snapshot, Template } from '@hearth/model'
import { type Columns, integer, json, optional, text } from './columns.ts'

/** One table: its name, its key, and where each field of the model is kept. */
export interface TableShape<Row> {
  readonly table: string
  readonly key: string & keyof Row
  readonly columns: Columns<Row>
}

export const templateTable: TableShape<Template> = {
  table: 'templates',
  key: 'ref',
  columns: {
    ref: text('ref'),
    name: text('name'),
    version: integer('version'),
    state: text('state'),
    failure: optional(text('failure')),
    spec: json('spec'),
    contentDigest: text('content_digest'),
    createdAt: integer('created_at'),
    rev: integer('rev'),
  },
}

export const machineTable: TableShape<Machine> = {
  table: 'machines',
  key: 'id',
  columns: {
    id: text('id'),
    name: optional(text('name')),
    state: text('state'),
    failure: optional(text('failure')),
    driver: text('driver'),
    template: text('template'),
    resources: json('resources'),
    config: json('config'),
    network: json('network'),
    machineUuid: text('machine_uuid'),
    hostname: text('hostname'),
    boot: optional(json('boot')),
    receipt: optional(json('receipt')),
    restoredFrom: optional(text('restored_from')),
    createdAt: integer('created_at'),
    endedAt: optional(integer('ended_at')),
    rev: integer('rev'),
  },
}

export const snapshotTable: TableShape<Snapshot> = {
  table: 'snapshots',
  key: 'id',
  columns: {
    id: text('id'),
    kind: text('kind'),
    state: text('state'),
    failure: optional(text('failure')),
    template: text('template'),
    source: text('source'),
    parent: optional(text('parent')),
    tag: optional(text('tag')),
    manifest: optional(json('manifest')),
    createdAt: integer('created_at'),
    rev: integer('rev'),
  },
}
