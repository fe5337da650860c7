/** Where Prisma's command line finds schema, migrations and engine. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

// Prisma would download this engine; ours answers from the WebAssembly build of the same commit, so a closed network is enough.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(new URL('prisma/schema-engine.mjs', import.meta.url))

const url = process.env.DATABASE_URL

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url ? { datasource: { url } } : {}),
})
