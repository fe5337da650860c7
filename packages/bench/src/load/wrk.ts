/** Requests as fast as they are answered: by wrk where it is installed, for it costs the machine least. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Session } from '../environment.ts'
import { type Load, load } from './load.ts'
import { again, postJson, renewals } from './requests.ts'

const program = '/usr/bin/wrk'
/** Who waits in a flood of log-ins on a slow machine waits for two seconds, which wrk calls an error by default. */
const patience = ['--timeout', '20s']
/** What figures of this machine are made with. */
export const loadedBy = existsSync(program) ? 'wrk' : 'node'

export interface Renewing {
  url: string
  /** Used up: their newest tokens are known to nobody afterwards. */
  sessions: readonly Session[]
  connections: number
  durationMs: number
}

/** Each session in turn, with the token that its last renewal brought. @returns renewals a second; throws when any was refused */
export async function renewAll({ url, sessions, connections, durationMs }: Renewing): Promise<number> {
  if (loadedBy === 'wrk') {
    const lines = sessions.map(({ refreshToken }) => refreshToken)
    const [perSecond = 0] = await runWrk({
      ...{ url: `${url}/session/renew`, lines, connections, durationMs },
      script: successors,
    })
    return perSecond
  }
  return byNode({ url, connections, durationMs, next: renewals(sessions) })
}

export interface Posting {
  url: string
  path: string
  /** JSON, one for each request, in turn. */
  bodies: readonly object[]
  connections: number
  durationMs: number
}

/** Throws when any was refused. */
export async function postAll({ url, path, bodies, connections, durationMs }: Posting): Promise<void> {
  if (loadedBy === 'wrk') {
    const lines = bodies.map(body => JSON.stringify(body))
    await runWrk({ url: url + path, lines, connections, durationMs, script: posts })
    return
  }
  await byNode({ url, connections, durationMs, next: again(bodies.map(body => postJson(path, body))) })
}

export interface WrkRun {
  url: string
  /** What the script reads. */
  lines: readonly string[]
  connections: number
  durationMs: number
  /** Lua; a function `figures` in it, of wrk's summary and its one thread, returns numbers in a text: else it is requests a second. */
  script: string
}

/** @returns the script's figures; throws when a request was refused */
export async function runWrk({ url, lines, connections, durationMs, script }: WrkRun): Promise<number[]> {
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-wrk-'))
  try {
    await writeFile(join(dir, 'lines'), lines.join('\n'))
    await writeFile(join(dir, 'script.lua'), usual + script + ending)
    const seconds = `${Math.max(1, Math.round(durationMs / 1000))}s`
    const options = ['-t1', `-c${connections}`, `-d${seconds}`, ...patience, '-s', join(dir, 'script.lua'), url]
    const { stdout } = await promisify(execFile)(program, [...options, '--', join(dir, 'lines')])
    const [, refused, figures = ''] = /refused (\d+) figures (.+)/.exec(stdout) ?? []
    if (refused !== '0') throw new Error(`${refused} requests to ${url} were refused:\n${stdout}`)
    return figures.split(' ').map(Number)
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** @returns requests a second; throws when any was refused */
export async function byNode(asked: Load): Promise<number> {
  const { perSecond, refused } = await load(asked)
  if (Object.keys(refused).length > 0)
    throw new Error(`requests to ${asked.url} were refused: ${JSON.stringify(refused)}`)
  return perSecond
}

/**
 * The requests are written out before the first is sent, so that making them costs no round anything.
 * @param request an expression of Lua that makes one of a `line`
 */
const inTurn = (request: string) => `
local requests, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do
    requests[#requests + 1] = ${request}
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
`
const posts = inTurn('wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, line)')

/** A queue of tokens: the first is taken for a request, and what its answer brings goes to the end. */
const successors = `
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

/** What a script tells unless it says otherwise. */
const usual = `
function figures(summary)
  return string.format("%.1f", summary.requests / summary.duration * 1e6)
end
`

const ending = `
local only
function setup(thread)
  only = thread
end
function done(summary)
  local errors = summary.errors
  local refused = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("refused %d figures %s\\n", refused, figures(summary, only)))
end
`
