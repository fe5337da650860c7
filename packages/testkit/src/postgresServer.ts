/** One run of the postgres program, which ends with this process, even after SIGKILL. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { PostgresHome } from './postgresHome.ts'

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
    super(`PostgreSQL did not start: ${log}`)
    this.name = 'StartFailure'
    this.log = log
  }
}

/**
 * The parent of postgres. This process holds the only other end of its standard input. A line on it
 * stops the server. An end without a line, as after SIGKILL, stops the server and removes `$1`, a
 * directory or an empty string.
 */
const supervisorScript = `
temporary=$1; remove=; shift
exec 3<&0
"$@" 3<&- </dev/null & server=$!
echo "pid $server"
{ if read -r word <&3; then kill -TERM $$; else kill -HUP $$; fi; } 2>/dev/null >/dev/null & watcher=$!
exec 3<&-
trap 'kill -INT $server' TERM
trap 'remove=$temporary; kill -INT $server' HUP
while kill -0 $server 2>/dev/null; do wait $server; done
trap '' TERM HUP
kill $watcher 2>/dev/null
[ -z "$remove" ] || rm -rf "$remove" 2>/dev/null
exit 0
`

export interface ServerOptions {
  home: PostgresHome
  port: number
  settings: Readonly<Record<string, string>>
  /** Removed when the server ends, even after SIGKILL of this process. */
  temporaryDir: string | undefined
}

export async function startServer({ home, port, settings, temporaryDir }: ServerOptions): Promise<Server> {
  const flags = Object.entries({ ...settings, port: String(port) }).map(([name, value]) => `--${name}=${value}`)
  const command = [`${home.binDir}/postgres`, '-D', `${home.dataDir}/cluster`, ...flags]
  const shell = spawn('/bin/sh', ['-c', supervisorScript, 'sh', temporaryDir ?? '', ...command], {
    ...home.owner,
    cwd: '/',
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A separate process group: Ctrl-C must not reach the server before its clients have stopped.
    detached: true,
  })
  const ended = once(shell, 'close')
  const pid = await untilReady(shell)
  return { pid, ended, shutDown: command => shell.stdin.end(command && `${command}\n`) }
}

function untilReady(shell: ChildProcessByStdio<Writable, Readable, Readable>): Promise<number> {
  const lastLines: string[] = []
  let pid = 0
  shell.stdin.on('error', () => {})
  return new Promise((resolve, reject) => {
    const onLine = (line: string) => {
      lastLines.push(line)
      if (lastLines.length > 20) lastLines.shift()
      if (line.startsWith('pid ')) pid = Number(line.slice(4))
      if (/database system is ready to accept (read-only )?connections/.test(line)) resolve(pid)
    }
    createInterface({ input: shell.stdout }).on('line', onLine)
    createInterface({ input: shell.stderr }).on('line', onLine)
    shell.on('error', reject)
    shell.on('close', () => reject(new StartFailure(lastLines.slice(1).join('\n'))))
  })
}
