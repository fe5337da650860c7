/** A database that is not there, for engine work that only compares files. */
import type { SqlDriverAdapter, SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'

/** `int4` and `text` in the numbering of driver adapters. */
const [int4, text] = [0, 7] as const

const refuse = async () => {
  throw new Error('This needs a database: set DATABASE_URL.')
}

/** Knows only what the engine asks while it opens: whether the schema is there, and how new the server is. */
const adapter: SqlDriverAdapter = {
  provider: 'postgres',
  adapterName: 'paper',
  async queryRaw({ sql }) {
    if (!sql.includes('server_version_num')) return refuse()
    return {
      columnNames: ['exists', 'version', 'numeric_version'],
      columnTypes: [5, text, int4],
      rows: [[true, 'PostgreSQL 18.0', 180000]],
    }
  },
  executeRaw: refuse,
  executeScript: refuse,
  startTransaction: refuse,
  getConnectionInfo: () => ({ schemaName: 'public', supportsRelationJoins: false }),
  dispose: async () => {},
}

export const offlineAdapter: SqlMigrationAwareDriverAdapterFactory = {
  provider: 'postgres',
  adapterName: 'paper',
  connect: async () => adapter,
  connectToShadowDb: refuse,
}
