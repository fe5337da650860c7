/** Finds the `prisma` folder and reads the schema and the migrations in it. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MigrationList, SchemaFile } from '@gatehouse/schema-engine'

/** The nearest `prisma` folder above this file: the repository's, or the folder beside `dist` in a container. */
export function prismaDir(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'prisma', 'schema.prisma'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error('No folder above this program holds prisma/schema.prisma.')
    folder = parent
  }
  return join(folder, 'prisma')
}

export async function readSchema(): Promise<SchemaFile> {
  const path = join(prismaDir(), 'schema.prisma')
  return { path, content: await readFile(path, 'utf8') }
}

/** @returns the names in the order in which the migrations are applied */
export async function migrationNames(migrationsDir: string): Promise<string[]> {
  const entries = await readdir(migrationsDir, { withFileTypes: true })
  return entries
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .sort()
}

/** @returns the migrations in the form in which Prisma's command line passes them to the engine */
export async function readMigrations(migrationsDir: string): Promise<MigrationList> {
  const names = await migrationNames(migrationsDir)
  const lock = join(migrationsDir, 'migration_lock.toml')
  const migrationDirectories = names.map(async name => {
    const value = await readFile(join(migrationsDir, name, 'migration.sql'), 'utf8')
    return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value } } }
  })
  return {
    baseDir: migrationsDir,
    lockfile: { path: 'migration_lock.toml', content: existsSync(lock) ? await readFile(lock, 'utf8') : null },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(migrationDirectories),
  }
}
