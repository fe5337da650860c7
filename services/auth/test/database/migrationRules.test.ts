/** Migrations lock no large table for long and are additive: the rules of CONTRIBUTING.md, and that its recipes work. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freshDatabase, onServer } from '@gatehouse/testkit'
import t from 'tap'
import { migrate } from '../../src/database/migrate.ts'
import { migrationNames, prismaDir } from '../../src/database/migrations.ts'
import { migrationFaults } from '../helpers/migrationRules.ts'

const migrationsDir = join(prismaDir(), 'migrations')
const textOf = (name: string) => readFile(join(migrationsDir, name, 'migration.sql'), 'utf8')

t.test('migrations: after the first, none locks a table for long or breaks the release before', async t => {
  const names = await migrationNames(migrationsDir)
  let earlier = ''
  for (const [index, name] of names.entries()) {
    const sql = await textOf(name)
    if (index > 0) t.strictSame(migrationFaults(sql, earlier), [], name)
    earlier += sql
  }
})

const timeout = `SET LOCAL lock_timeout = '1s';\n`

t.test('migration rules: refuse each statement that locks a table for long', async t => {
  const bad: Record<string, RegExp> = {
    'CREATE INDEX "sessions_device_idx" ON "sessions"("device");': /without CONCURRENTLY/,
    'CREATE UNIQUE INDEX "x" ON "sessions"("device");': /without CONCURRENTLY/,
    'CREATE INDEX CONCURRENTLY "x" ON "sessions"("device");': /cannot be repeated/,
    [`${timeout}ALTER TABLE "sessions" ALTER COLUMN "device" SET NOT NULL;`]: /without a validated check/,
    [`${timeout}ALTER TABLE "sessions" ADD COLUMN "mark" UUID NOT NULL DEFAULT gen_random_uuid();`]: /volatile default/,
    [`${timeout}ALTER TABLE "sessions" ADD COLUMN "at" TIMESTAMPTZ(3) DEFAULT clock_timestamp();`]: /volatile default/,
    [`${timeout}ALTER TABLE "sessions" ADD COLUMN "n" BIGSERIAL;`]: /values are computed/,
    [`${timeout}ALTER TABLE "sessions" ALTER COLUMN "device" SET DATA TYPE VARCHAR(10);`]: /type of a column/,
    [`${timeout}ALTER TABLE "sessions" ALTER "device" TYPE VARCHAR(10);`]: /type of a column/,
    [`${timeout}ALTER TABLE "sessions" ADD CONSTRAINT "c" CHECK ("device" <> '');`]: /without NOT VALID/,
    [`${timeout}ALTER TABLE "sessions" ADD CONSTRAINT "c" UNIQUE ("device");`]: /without USING INDEX/,
    [`UPDATE "sessions" SET "device" = '' WHERE "device" IS NULL;`]: /in batches/,
    [`${timeout}CREATE INDEX CONCURRENTLY IF NOT EXISTS "x" ON "sessions"("device");`]: /beside one with CONCURRENTLY/,
    [`${timeout}ALTER TABLE "a" ADD CONSTRAINT "c" CHECK (true) NOT VALID; ALTER TABLE "a" VALIDATE CONSTRAINT "c";`]:
      /adds and validates/,
    'ALTER TABLE "sessions" ADD COLUMN "mark" UUID;': /lock_timeout/,
  }
  for (const [sql, why] of Object.entries(bad)) t.match(migrationFaults(sql, '').join(), why, sql)
})

t.test('migration rules: refuse what the release before cannot run beside, unless it is declared', async t => {
  const declared = `CREATE OR REPLACE FUNCTION oldest_supported_migration() RETURNS text AS $$ SELECT 'x' $$ LANGUAGE sql;`
  for (const statement of [
    'DROP TABLE "sessions";',
    'ALTER TABLE "sessions" DROP COLUMN "device";',
    'ALTER TABLE "sessions" ADD COLUMN "a" TEXT, DROP "device";',
    'ALTER TABLE "sessions" RENAME COLUMN "device" TO "label";',
    'ALTER TABLE "sessions" RENAME TO "logins";',
    'ALTER TABLE "sessions" ADD COLUMN "label" TEXT NOT NULL;',
  ]) {
    t.match(migrationFaults(timeout + statement, '').join(), /breaks the release before/, statement)
    t.strictSame(migrationFaults(timeout + declared + statement, ''), [], statement)
  }
  t.strictSame(migrationFaults(`${timeout}ALTER TABLE "sessions" ADD COLUMN "n" INTEGER NOT NULL DEFAULT 0;`, ''), [])
})

t.test('migration rules: the recipes of CONTRIBUTING.md pass, and the engine applies them', async t => {
  const recipes: Record<string, string> = {
    '20990101000000_column': `${timeout}ALTER TABLE "sessions" ADD COLUMN "label" TEXT, ADD COLUMN "seen_at" TIMESTAMPTZ(3) DEFAULT now();`,
    '20990102000000_index': 'CREATE INDEX CONCURRENTLY IF NOT EXISTS "sessions_label_idx" ON "sessions"("label");',
    '20990103000000_check': `${timeout}ALTER TABLE "sessions" ADD CONSTRAINT "label_set" CHECK ("label" IS NOT NULL) NOT VALID;`,
    '20990104000000_validate': `${timeout}ALTER TABLE "sessions" VALIDATE CONSTRAINT "label_set";`,
    '20990105000000_not_null': `${timeout}ALTER TABLE "sessions" ALTER COLUMN "label" SET NOT NULL;
ALTER TABLE "sessions" DROP CONSTRAINT "label_set";`,
    '20990106000000_table': `CREATE TABLE "notes" ("id" INTEGER NOT NULL); CREATE INDEX "notes_id_idx" ON "notes"("id");
ALTER TABLE "notes" ADD CONSTRAINT "notes_id" CHECK ("id" > 0);`,
  }
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-migrations-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await cp(migrationsDir, folder, { recursive: true })
  let earlier = ''
  for (const [name, sql] of Object.entries(recipes)) {
    t.strictSame(migrationFaults(sql, earlier), [], name)
    earlier += sql
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'migration.sql'), sql)
  }
  const { url } = await freshDatabase(t.teardown)
  const { applied } = await migrate({ connectionString: url, migrationsDir: folder })
  t.strictSame(applied, Object.keys(recipes))
  const { rows } = await onServer(
    url,
    `SELECT is_nullable FROM information_schema.columns WHERE table_name = 'sessions' AND column_name = 'label'`,
  )
  t.strictSame(rows, [{ is_nullable: 'NO' }])
})
