/** Child processes that a test starts, freezes and kills. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { eventTimeoutMs } from './timeouts.ts'

export interface ProcessOptions {
  /** The JavaScript file to run. */
  entry: string
  /** The runtime and its arguments before the file; by default this Node. */
  command?: readonly string[] | undefined
  arguments?: readonly string[]
  /** Added to the environment of the process; undefined removes a variable. */
  env?: Readonly<Record<string, string | undefined>>
  /** Matches the line that reports readiness; its first group becomes `ready`. */
  readyWhen: RegExp
  /** Limit for becoming ready, and for stopping. */
  timeoutMs?: number
  /** Receives every line of stdout and stderr. */
  onLine?: (line: string) => void
}

export interface TestProcess {
  pid: number
  /** What the first group of `readyWhen` matched, or the whole match. */
  ready: string
  /** The lines of stdout and stderr, the newest 10,000. */
  logs: readonly string[]
  /** Resolves with the first line, past or future, that matches. */
  logged(pattern: RegExp, timeoutMs?: number): Promise<string>
  /** Sends a signal that the process cannot handle, and waits for the exit. */
  kill(signal?: 'SIGKILL' | 'SIGQUIT'): Promise<void>
  /** SIGSTOP: the process keeps its sockets and does nothing. */
  freeze(): void
  thaw(): void
  /** SIGTERM, then SIGKILL after the time-out. @returns the exit code */
  stop(): Promise<number | null>
  /** Resolves with the exit code: null when a signal ended it. */
  exited: Promise<number | null>
}

/** The size of Node's thread pool, which signs tokens, as in the auth image (decision 0017). */
export const imageEnv = { UV_THREADPOOL_SIZE: '2' }

export async function startProcess(options: ProcessOptions): Promise<TestProcess> {
  const { timeoutMs = eventTimeoutMs, command: [program = process.execPath, ...before] = [] } = options
  const child = spawn(program, [...before, options.entry, ...(options.arguments ?? [])], {
    env: { ...imageEnv, ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  killWithParent(child)
  const log = collectLines(child, options.onLine)
  const exited = once(child, 'exit').then(([code]): number | null => code)

  const died = Promise.all([exited, outputEnded(child)]).then(([code]) => {
    throw new Error(`${options.entry} ended with code ${code} before it was ready:\n${log.lines.join('\n')}`)
  })
  const line = await Promise.race([log.logged(options.readyWhen, timeoutMs), died]).catch(error => {
    child.kill('SIGKILL')
    throw error
  })
  const match = options.readyWhen.exec(line)

  return {
    pid: child.pid ?? 0,
    ready: match?.[1] ?? match?.[0] ?? '',
    logs: log.lines,
    logged: log.logged,
    exited,
    async kill(signal = 'SIGKILL') {
      child.kill(signal)
      await exited
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async stop() {
      // A frozen process handles SIGTERM only after SIGCONT.
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
      const code = await exited
      clearTimeout(timer)
      return code
    },
  }
}

/** Output may arrive after the exit. Limited, because a grandchild may keep the pipes open. */
async function outputEnded(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close')
  await once(child, 'exit')
  const timer = new AbortController()
  await Promise.race([closed, delay(500, undefined, { signal: timer.signal })])
  timer.abort()
}

/** Kills the child when this process ends, even by SIGKILL, which closes the watcher's pipe. */
function killWithParent(child: ChildProcess): void {
  const [program, ...args] = watcherOf(process.platform, child.pid ?? 0)
  const watcher = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true, windowsHide: true })
  watcher.on('error', () => undefined)
  child.once('exit', () => watcher.kill('SIGKILL'))
}

/** @returns the command that kills a process when its own standard input ends */
export function watcherOf(platform: NodeJS.Platform, pid: number): [string, ...string[]] {
  // A shell needs a tenth of the memory of a Node process.
  if (platform !== 'win32') return ['/bin/sh', '-c', 'read -r _; kill -KILL "$0"', String(pid)]
  return [process.execPath, '-e', `process.stdin.resume().on('close', () => process.kill(${pid}))`]
}

interface Log {
  lines: readonly string[]
  logged(pattern: RegExp, timeoutMs?: number): Promise<string>
}

/** Limit of the lines in memory. */
const maxLines = 10_000

function collectLines(child: ChildProcess, onLine?: (line: string) => void): Log {
  const lines: string[] = []
  const listeners = new Set<(line: string) => void>()
  for (const input of [child.stdout, child.stderr]) {
    if (!input) continue
    createInterface({ input }).on('line', line => {
      lines.push(line)
      if (lines.length > maxLines) lines.shift()
      onLine?.(line)
      for (const listener of listeners) listener(line)
    })
  }

  function logged(pattern: RegExp, timeoutMs = eventTimeoutMs): Promise<string> {
    const earlier = lines.find(line => pattern.test(line))
    if (earlier !== undefined) return Promise.resolve(earlier)
    return new Promise((resolve, reject) => {
      const settle = (action: () => void) => {
        listeners.delete(listener)
        clearTimeout(limit)
        action()
      }
      const listener = (line: string) => {
        if (pattern.test(line)) settle(() => resolve(line))
      }
      const late = () => reject(new Error(`No line matched ${pattern} in ${timeoutMs} ms:\n${lines.join('\n')}`))
      const limit = setTimeout(() => settle(late), timeoutMs)
      listeners.add(listener)
      child.once('close', () => setImmediate(settle, late))
    })
  }

  return { lines, logged }
}
