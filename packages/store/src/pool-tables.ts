import type { Pool, PoolEntry } from '@hearth/model'
import { flag, integer, json, optional, text } from './columns.ts'
import type { TableShape } from './tables.ts'

export const poolTable: TableShape<Pool> = {
  table: 'pools',
  key: 'name',
  columns: {
    name: text('name'),
    template: text('template'),
    version: integer('version'),
    driver: text('driver'),
    resources: json('resources'),
    settings: json('settings'),
    state: text('state'),
    rollout: optional(json('rollout')),
    createdAt: integer('created_at'),
    rev: integer('rev'),
  },
}

export const poolEntryTable: TableShape<PoolEntry> = {
  table: 'pool_entries',
  key: 'id',
  columns: {
    id: text('id'),
    pool: text('pool'),
    host: text('host'),
    state: text('state'),
    template: text('template'),
    driver: text('driver'),
    resources: json('resources'),
    snapshot: text('snapshot'),
    canary: flag('canary'),
    network: json('network'),
    machineUuid: text('machine_uuid'),
    token: text('token'),
    identified: optional(json('identified')),
    createdAt: integer('created_at'),
    readyAt: optional(integer('ready_at')),
    rev: integer('rev'),
  },
}
