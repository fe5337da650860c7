/** Starts two PostgreSQL servers that Patroni manages, with its own Raft as the store of the leader. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, onServer, until } from '@gatehouse/testkit'

export interface PatroniNode {
  /** Of the superuser. */
  url: string
  port: number
  /** SIGSTOP: its Patroni does nothing, its server goes on. */
  freeze: () => void
  thaw: () => void
  /** SIGKILL to Patroni and to its server, as when the machine dies. */
  kill: () => Promise<void>
  isPrimary: () => Promise<boolean>
}

export interface PatroniCluster {
  nodes: [PatroniNode, PatroniNode]
  /** Of the multi-host URL for the auth service. */
  databaseUrl: string
  stop: () => Promise<void>
}

const password = 'patroni-test'
const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}

/** @returns why the cluster cannot be started here; undefined if it can */
export function missingForPatroni(): string | undefined {
  const missing = ['patroni', 'patroni_raft_controller'].filter(name => spawnSync(name, ['--help']).error !== undefined)
  if (postgresBinDir() === undefined) missing.push('/usr/lib/postgresql/*/bin/pg_basebackup')
  if (missing.length === 0) return undefined
  return `${missing.join(', ')} is missing (apt-get install patroni python3-pysyncobj postgresql)`
}

function postgresBinDir(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).toSorted((left, right) => Number(right) - Number(left)) : []
  return versions.map(version => join(root, version, 'bin')).find(dir => existsSync(join(dir, 'pg_basebackup')))
}

/** PostgreSQL refuses to run as root. */
function idOf(flag: string): number {
  return Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
}

/** Resolves when the first node is the primary and the second streams from it. */
export async function startPatroni(): Promise<PatroniCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-patroni-'))
  await chmod(dir, 0o755)
  const ports = await Promise.all(Array.from({ length: 7 }, freePort))
  const [raft, api, server] = [ports.slice(0, 3), ports.slice(3, 5), ports.slice(5)]
  const children: ChildProcess[] = []
  const dataDirs: string[] = []
  const run = async (program: string, number: number, config: object) => {
    const file = join(dir, `${number}.yml`)
    // JSON is YAML.
    await writeFile(file, JSON.stringify(config))
    const child = spawn(program, [file], { ...user, cwd: '/', stdio: 'ignore' })
    children.push(child)
    return child
  }
  const raftOf = async (number: number) => {
    const dataDir = await subfolder(dir, `raft${number}`)
    const addresses = raft.map(port => `127.0.0.1:${port}`)
    return {
      data_dir: dataDir,
      self_addr: addresses[number],
      partner_addrs: addresses.filter((_, at) => at !== number),
    }
  }
  const startNode = async (number: number): Promise<PatroniNode> => {
    const port = server[number] as number
    const dataDir = await subfolder(dir, `data${number}`)
    dataDirs.push(dataDir)
    const address = `127.0.0.1:${port}`
    const child = await run('patroni', number, {
      scope: 'gatehouse',
      name: `node${number}`,
      bootstrap,
      restapi: { listen: `127.0.0.1:${api[number]}`, connect_address: `127.0.0.1:${api[number]}` },
      raft: await raftOf(number),
      postgresql: {
        listen: address,
        connect_address: address,
        data_dir: dataDir,
        bin_dir: postgresBinDir(),
        pgpass: join(await subfolder(dir, `home${number}`), 'pgpass'),
        authentication: {
          superuser: { username: 'postgres', password },
          replication: { username: 'replicator', password },
        },
        parameters: { unix_socket_directories: '', timezone: 'America/New_York' },
      },
    })
    const url = `postgresql://postgres:${password}@${address}/postgres`
    return {
      url,
      port,
      freeze: () => void child.kill('SIGSTOP'),
      thaw: () => void child.kill('SIGCONT'),
      kill: async () => {
        child.kill('SIGKILL')
        await killServer(dataDir)
      },
      isPrimary: async () => {
        const { rows } = await onServer(url, 'SELECT pg_is_in_recovery() AS "isStandby"')
        return rows[0]?.isStandby === false
      },
    }
  }
  const stop = async () => {
    for (const child of children) child.kill('SIGKILL')
    await Promise.all(dataDirs.map(killServer))
    await Promise.all(children.map(child => child.exitCode ?? child.signalCode ?? once(child, 'exit')))
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await run('patroni_raft_controller', 2, { raft: await raftOf(2) })
    const first = await startNode(0)
    await until(first.isPrimary)
    const second = await startNode(1)
    await until(async () => {
      const { rows } = await onServer(first.url, 'SELECT count(*)::int AS count FROM pg_stat_replication')
      return rows[0]?.count === 1 && !(await second.isPrimary())
    })
    const databaseUrl = `postgresql://postgres:${password}@127.0.0.1:${first.port},127.0.0.1:${second.port}/postgres?target_session_attrs=read-write`
    return { nodes: [first, second], databaseUrl, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The smallest limits that Patroni accepts. */
const bootstrap = {
  dcs: { ttl: 20, loop_wait: 2, retry_timeout: 4, maximum_lag_on_failover: 2 ** 30 },
  initdb: [{ encoding: 'UTF8' }],
  pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication all 127.0.0.1/32 scram-sha-256'],
}

async function subfolder(dir: string, name: string): Promise<string> {
  const folder = await mkdtemp(join(dir, `${name}-`))
  if (user.uid !== undefined) await chown(folder, user.uid, user.gid)
  return folder
}

/** Patroni starts the server in a session of its own. */
async function killServer(dataDir: string): Promise<void> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  if (Number.isNaN(pid)) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has exited.
  }
}
