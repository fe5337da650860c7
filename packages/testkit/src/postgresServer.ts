/** One run of the postgres program, which ends with this process, even after SIGKILL. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Owner, PostgresHome } from './postgresHome.ts'

const supervisorFile = fileURLToPath(new URL('./postgresSupervisor.js', import.meta.url))

export interface Server {
  /** Process id of the postmaster. */
  pid: number
  /** Resolves when every process of the server has exited. */
  ended: Promise<unknown>
  /** Fast shutdown. Without `keep`, the supervisor also removes the temporary directory. */
  shutDown(command?: 'keep'): void
}

/** The server did not become ready; `log` has its last lines. */
export class StartFailure extends Error {
  readonly log: string

  constructor(log: string) {
    const lines = log.trim().split('\n')
    const reason = lines.find(line => /FATAL|PANIC/.test(line)) ?? lines.at(-1) ?? ''
    super(`PostgreSQL did not start: ${reason.replace(/^.*?(FATAL|PANIC): */, '')}`)
    this.name = 'StartFailure'
    this.log = log
  }
}

export interface ServerOptions {
  home: PostgresHome
  port: number
  settings: Readonly<Record<string, string>>
  /** Removed when the server ends, even after SIGKILL of this process. */
  temporaryDir: string | undefined
}

/** What the supervisor gets as its only argument, in JSON. */
export interface SupervisorInput {
  program: readonly string[]
  cwd: string
  /** The user that runs the server. */
  owner: Owner | undefined
  /** Stops the server where signals cannot. */
  stopProgram: readonly string[] | undefined
  temporaryDir: string | undefined
}

export async function startServer({ home, port, settings, temporaryDir }: ServerOptions): Promise<Server> {
  const flags = Object.entries({ ...settings, port: String(port) }).map(([name, value]) => `--${name}=${value}`)
  const cluster = join(home.dataDir, 'cluster')
  const program = [join(home.binDir, 'postgres'), '-D', home.pathOf(cluster), ...flags]
  const input: SupervisorInput = {
    program,
    cwd: cluster,
    owner: home.owner,
    // Windows has no signals.
    stopProgram: process.platform === 'win32' ? stopProgram(home.binDir, cluster) : undefined,
    temporaryDir,
  }
  const supervisor = spawn(process.execPath, [supervisorFile, JSON.stringify(input)], {
    env: { ...withoutNodeOptions(process.env), LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A separate process group: Ctrl-C must not reach the server before its clients have stopped.
    detached: true,
    windowsHide: true,
  })
  const ended = once(supervisor, 'close')
  const pid = await untilReady(supervisor)
  return { pid, ended, shutDown: command => supervisor.stdin.end(command && `${command}\n`) }
}

/** A fast shutdown without a signal. */
export function stopProgram(binDir: string, cluster: string): string[] {
  return [join(binDir, 'pg_ctl'), '-D', cluster, '-m', 'fast', '-W', 'stop']
}

/** The hooks that measure coverage must not load in a process that outlives this one. */
function withoutNodeOptions({ NODE_OPTIONS: _, NODE_V8_COVERAGE: _coverage, ...rest }: NodeJS.ProcessEnv) {
  return rest
}

function untilReady(supervisor: ChildProcessByStdio<Writable, Readable, Readable>): Promise<number> {
  const lastLines: string[] = []
  let pid = 0
  supervisor.stdin.on('error', () => {})
  return new Promise((resolve, reject) => {
    const onLine = (line: string) => {
      lastLines.push(line)
      if (lastLines.length > 20) lastLines.shift()
      if (line.startsWith('pid ')) pid = Number(line.slice(4))
      if (/database system is ready to accept (read-only )?connections/.test(line)) resolve(pid)
    }
    createInterface({ input: supervisor.stdout }).on('line', onLine)
    createInterface({ input: supervisor.stderr }).on('line', onLine)
    supervisor.on('error', reject)
    supervisor.on('close', () => reject(new StartFailure(lastLines.slice(1).join('\n'))))
  })
}
