/** Configures Prisma's command line: the schema, the migrations, the database and the engine. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

// Prisma would download this binary; packages/schema-engine answers the same protocol without one.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(
  new URL('packages/schema-engine/bin/schema-engine.mjs', import.meta.url),
)
// Prisma would look for a newer version of itself on every run, which a closed network answers by a timeout.
process.env.CHECKPOINT_DISABLE ??= '1'

const url = process.env.DATABASE_URL

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url ? { datasource: { url } } : {}),
})
