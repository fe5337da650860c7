/** A driver adapter without a database, for work of the engine that only compares files. */

/** `Boolean`, `Text` and `Int32` in the numbering of driver adapters. */
const [boolean, text, int32] = /** @type {const} */ ([5, 7, 0])

/** @returns {Promise<never>} */
const refuse = async () => {
  throw new Error('This command needs a database: set DATABASE_URL.')
}

/**
 * Answers only what the engine reads while it opens: whether the schema exists, and the version of the server.
 * @type {import('@prisma/driver-adapter-utils').SqlDriverAdapter}
 */
const adapter = {
  provider: 'postgres',
  adapterName: 'offline',
  async queryRaw({ sql }) {
    if (!sql.includes('server_version_num')) return refuse()
    return {
      columnNames: ['exists', 'version', 'numeric_version'],
      columnTypes: [boolean, text, int32],
      rows: [[true, 'PostgreSQL 18.0', 180000]],
    }
  },
  executeRaw: refuse,
  executeScript: refuse,
  startTransaction: refuse,
  getConnectionInfo: () => ({ schemaName: 'public', supportsRelationJoins: false }),
  dispose: async () => {},
}

/** @type {import('@prisma/driver-adapter-utils').SqlMigrationAwareDriverAdapterFactory} */
export const offlineAdapter = {
  provider: 'postgres',
  adapterName: 'offline',
  connect: async () => adapter,
  connectToShadowDb: refuse,
}
