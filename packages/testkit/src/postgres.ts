/** Starts PostgreSQL from the binaries of an npm package. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from './ports.ts'
import { type PostgresHome, preparePostgresHome } from './postgresHome.ts'
import { type Server, StartFailure, startServer } from './postgresServer.ts'

export interface PostgresOptions {
  /** Created if missing. */
  dataDir: string
  /** Port on 127.0.0.1; by default a free port. */
  port?: number
  /** True: data is durable. False: data is removed at the end, and fsync is off. */
  persistent: boolean
  /** Further server settings by their PostgreSQL names. */
  settings?: Readonly<Record<string, string>>
}

export interface Postgres {
  /** URL of the database `postgres`, with the password of the data directory. */
  url: string
  port: number
  /** Process id of the postmaster; changes with `restart`. */
  pid(): number
  /** Absolute path of the data directory. */
  dataDir: string
  /** Fast shutdown; resolves when every process has exited. */
  stop(): Promise<void>
  /** Sends SIGKILL to the postmaster; its children exit too. */
  kill(): Promise<void>
  /** Starts again on the same port with the same data. */
  restart(): Promise<void>
}

export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const home = await preparePostgresHome(options.dataDir)
  const password = await passwordOf(home)
  await refuseLiveServer(home)
  if (!existsSync(join(home.dataDir, 'cluster', 'PG_VERSION'))) await initialise(home)

  const removeData = async () => {
    if (!options.persistent) await rm(home.dataDir, { recursive: true, force: true })
  }
  const { port, server: first } = await startSomewhere(home, options).catch(async error => {
    await removeData()
    throw error
  })
  let server: Server | undefined = first

  async function stop(command?: 'keep'): Promise<void> {
    server?.shutDown(command)
    await server?.ended
    server = undefined
  }

  return {
    url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`,
    port,
    dataDir: home.dataDir,
    pid: () => server?.pid ?? 0,
    async stop() {
      await stop()
      await removeData()
    },
    async kill() {
      if (server) process.kill(server.pid, 'SIGKILL')
      await server?.ended
      server = undefined
    },
    async restart() {
      await stop('keep')
      server = await startOn(home, options, port)
    },
  }
}

async function startSomewhere(home: PostgresHome, options: PostgresOptions): Promise<{ port: number; server: Server }> {
  for (let attemptsLeft = 5; ; attemptsLeft--) {
    const port = options.port ?? (await freePort())
    try {
      return { port, server: await startOn(home, options, port) }
    } catch (error) {
      const isTaken = error instanceof StartFailure && error.log.includes('Address already in use')
      if (!isTaken) throw error
      if (options.port !== undefined) {
        throw new Error(`Port ${port} on 127.0.0.1 is in use: stop what listens there or choose another port.`, {
          cause: error,
        })
      }
      if (attemptsLeft === 1) throw error
    }
  }
}

async function startOn(home: PostgresHome, options: PostgresOptions, port: number): Promise<Server> {
  const temporaryDir = options.persistent ? undefined : home.dataDir
  const settings = { ...listenSettings, ...(options.persistent ? {} : volatileSettings), ...options.settings }
  for (let attemptsLeft = 20; ; attemptsLeft--) {
    try {
      return await startServer({ home, port, settings, temporaryDir })
    } catch (error) {
      // After a SIGKILL the last child may not have exited.
      const isLeaving = error instanceof StartFailure && error.log.includes('shared memory block')
      if (!isLeaving || attemptsLeft === 1) throw error
      await delay(100)
    }
  }
}

const listenSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  timezone: 'UTC',
}

/** For tests. The zone has daylight saving, so that a time that is not read as UTC differs. */
const volatileSettings = {
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  autovacuum_naptime: '10min',
  timezone: 'America/New_York',
  log_timezone: 'America/New_York',
}

async function initialise(home: PostgresHome): Promise<void> {
  const cluster = join(home.dataDir, 'cluster')
  if (existsSync(cluster)) {
    throw new Error(`${cluster} has no file PG_VERSION, so it is no complete database: restore it or move it away.`)
  }
  // An interrupted attempt leaves only the draft.
  const draft = `${cluster}.draft`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { mode: 0o700 })
  if (home.owner) await chown(draft, home.owner.uid, home.owner.gid)
  const flags = [
    `--pgdata=${home.pathOf(draft)}`,
    '--username=postgres',
    `--pwfile=${home.pathOf(draft)}/../password`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // The same sort order on every machine.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-sync',
    // The password has 128 random bits, so key stretching would only slow down connections.
    '--set=scram_iterations=1',
  ]
  await promisify(execFile)(join(home.binDir, 'initdb'), flags, { ...home.owner, cwd: draft })
  await rename(draft, cluster)
}

async function passwordOf(home: PostgresHome): Promise<string> {
  const file = join(home.dataDir, 'password')
  if (existsSync(file)) return readFile(file, 'utf8')
  const password = randomBytes(16).toString('hex')
  await writeFile(file, password, { mode: 0o600 })
  if (home.owner) await chown(file, home.owner.uid, home.owner.gid)
  return password
}

/** Waits three seconds for a server that stops. Removes a pid file that is not PostgreSQL's. */
async function refuseLiveServer(home: PostgresHome): Promise<void> {
  const pidFile = join(home.dataDir, 'cluster', 'postmaster.pid')
  for (let attemptsLeft = 30; existsSync(pidFile); attemptsLeft--) {
    const pid = Number.parseInt((await readFile(pidFile, 'utf8')).split('\n')[0] ?? '', 10)
    if (!(await isPostgres(pid))) return rm(pidFile, { force: true })
    if (attemptsLeft === 0) {
      throw new Error(`A running PostgreSQL server (process ${pid}) uses ${home.dataDir}: stop it first.`)
    }
    await delay(100)
  }
}

async function isPostgres(pid: number): Promise<boolean> {
  const [program, ...args] = processListOf(process.platform, pid)
  const name = await promisify(execFile)(program, args).then(
    ({ stdout }) => stdout,
    () => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => ''),
  )
  return name.includes('postgres')
}

/** @returns the command that prints the name of a process */
export function processListOf(platform: NodeJS.Platform, pid: number): [string, ...string[]] {
  if (platform === 'win32') return ['tasklist', '/NH', '/FI', `PID eq ${pid}`]
  return ['ps', '-o', 'comm=', '-p', String(pid)]
}
