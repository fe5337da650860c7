/** Sends requests as fast as they are answered, with wrk where it is installed. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Session } from '../environment.ts'
import { type LoadOptions, load } from './load.ts'
import { postJson, renewals, repeated } from './requests.ts'

/** It takes less of the machine than the load generator in Node. */
const program = '/usr/bin/wrk'
/** wrk counts two seconds as an error, which a log-in on a slow machine may take in a flood. */
const timeout = ['--timeout', '20s']
export const loadGenerator = existsSync(program) ? 'wrk' : 'node'

export interface RenewalLoad {
  url: string
  /** Used up: their newest tokens are lost when the load ends. */
  sessions: readonly Session[]
  connections: number
  durationMs: number
}

/**
 * Renews each session in turn, with the token of its last renewal.
 * @returns renewals a second
 * @throws {Error} when any is refused
 */
export async function renewAll({ url, sessions, connections, durationMs }: RenewalLoad): Promise<number> {
  if (loadGenerator === 'wrk') {
    const lines = sessions.map(({ refreshToken }) => refreshToken)
    const load = { lines, connections, durationMs, script: renewalScript }
    const [perSecond = 0] = await runWrk({ url: `${url}/session/renew`, ...load })
    return perSecond
  }
  return loadByNode({ url, connections, durationMs, next: renewals(sessions) })
}

export interface PostLoad {
  url: string
  path: string
  /** Sent as JSON in turn, again and again. */
  bodies: readonly object[]
  connections: number
  durationMs: number
}

/** @throws {Error} when any is refused */
export async function postAll({ url, path, bodies, connections, durationMs }: PostLoad): Promise<void> {
  if (loadGenerator === 'wrk') {
    const lines = bodies.map(body => JSON.stringify(body))
    await runWrk({ url: url + path, lines, connections, durationMs, script: postScript })
    return
  }
  await loadByNode({ url, connections, durationMs, next: repeated(bodies.map(body => postJson(path, body))) })
}

export interface WrkRun {
  url: string
  /** The file that the script reads, whose path is its first argument. */
  lines: readonly string[]
  connections: number
  durationMs: number
  /** Lua. May define `figures(summary, thread)`, which returns numbers (default: a rate). */
  script: string
}

/** @returns the figures of the script @throws {Error} when any request is refused */
export async function runWrk({ url, lines, connections, durationMs, script }: WrkRun): Promise<number[]> {
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-wrk-'))
  try {
    await writeFile(join(dir, 'lines'), lines.join('\n'))
    await writeFile(join(dir, 'script.lua'), defaultFigures + script + ending)
    const seconds = `${Math.max(1, Math.round(durationMs / 1000))}s`
    const options = ['-t1', `-c${connections}`, `-d${seconds}`, ...timeout, '-s', join(dir, 'script.lua'), url]
    const { stdout } = await promisify(execFile)(program, [...options, '--', join(dir, 'lines')])
    const [, refused, figures = ''] = /refused (\d+) figures (.+)/.exec(stdout) ?? []
    if (refused !== '0') throw new Error(`${refused} requests to ${url} were refused:\n${stdout}`)
    return figures.split(' ').map(Number)
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** @returns requests a second @throws {Error} when any is refused */
export async function loadByNode(options: LoadOptions): Promise<number> {
  const { perSecond, refused } = await load(options)
  if (Object.keys(refused).length > 0)
    throw new Error(`requests to ${options.url} were refused: ${JSON.stringify(refused)}`)
  return perSecond
}

/** Formats every request before the first is sent, so that formatting takes no time of the load. */
const postScript = `
local requests, index = {}, 0
function init(args)
  for line in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, line)
  end
end
function request()
  index = index % #requests + 1
  return requests[index]
end
`

/** A queue of tokens: a request takes the first, and its response appends the successor. */
const renewalScript = `
local tokens, first, last = {}, 1, 0
local head = "POST " .. wrk.path .. " HTTP/1.1\\r\\nHost: bench\\r\\nContent-Type: application/json\\r\\nContent-Length: "
function init(args)
  for token in io.lines(args[1]) do
    last = last + 1
    tokens[last] = token
  end
end
function request()
  local body = '{"refreshToken":"' .. tokens[first] .. '"}'
  tokens[first] = nil
  first = first + 1
  return head .. #body .. "\\r\\n\\r\\n" .. body
end
function response(status, headers, body)
  local successor = body:match('"refreshToken":"([^"]+)"')
  if successor then
    last = last + 1
    tokens[last] = successor
  end
end
`

const defaultFigures = `
function figures(summary)
  return string.format("%.1f", summary.requests / summary.duration * 1e6)
end
`

const ending = `
local worker
function setup(thread)
  worker = thread
end
function done(summary)
  local errors = summary.errors
  local refused = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("refused %d figures %s\\n", refused, figures(summary, worker)))
end
`
