/** Runs the lossy harness on a PostgreSQL of its own: `pnpm lossy --seeds N`. */
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('../../testkit/dist/src/withPostgres.js', import.meta.url))
const main = fileURLToPath(new URL('../dist/lossy/main.js', import.meta.url))
const migrate = 'services/auth/dist/src/database/migrate.js'
const args = process.argv.slice(2)
process.argv = [process.execPath, launcher, '--migrate', migrate, '--', process.execPath, main, ...args]
await import(launcher)
