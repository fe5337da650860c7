/** The same requests in turn, as fast as they are answered: by wrk where it is installed, for it costs the machine least. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { load } from './load.ts'
import { again, getWith } from './requests.ts'

export interface Barrage {
  url: string
  path: string
  /** One for each request, in turn. */
  tokens: readonly string[]
  connections: number
  durationMs: number
}

const program = '/usr/bin/wrk'
/** What figures of this machine are made with. */
export const barrageBy = existsSync(program) ? 'wrk' : 'node'

/** @returns requests a second; throws when any was refused */
export async function barrage(options: Barrage): Promise<number> {
  return barrageBy === 'wrk' ? byWrk(options) : byNode(options)
}

async function byWrk({ url, path, tokens, connections, durationMs }: Barrage): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-wrk-'))
  try {
    await writeFile(join(dir, 'tokens'), tokens.join('\n'))
    await writeFile(join(dir, 'turns.lua'), turns)
    const seconds = `${Math.max(1, Math.round(durationMs / 1000))}s`
    const options = ['-t1', `-c${connections}`, `-d${seconds}`, '-s', join(dir, 'turns.lua'), url + path]
    const { stdout } = await promisify(execFile)(program, [...options, '--', join(dir, 'tokens')])
    const [, refused, perSecond] = /refused (\d+) per second ([\d.]+)/.exec(stdout) ?? []
    if (refused !== '0') throw new Error(`${refused} requests of ${path} were refused:\n${stdout}`)
    return Number(perSecond)
  } finally {
    await rm(dir, { recursive: true })
  }
}

async function byNode({ url, path, tokens, connections, durationMs }: Barrage): Promise<number> {
  const next = again(tokens.map(token => getWith(path, token)))
  const { perSecond, refused } = await load({ url, connections, durationMs, next })
  if (Object.keys(refused).length > 0) throw new Error(`requests of ${path} were refused: ${JSON.stringify(refused)}`)
  return perSecond
}

/** The requests are written out before the first is sent, so that making them costs no round anything. */
const turns = `
local requests, at = {}, 0
function init(args)
  for token in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", nil, { Authorization = "Bearer " .. token })
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary)
  local errors = summary.errors
  local refused = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("refused %d per second %.1f\\n", refused, summary.requests / summary.duration * 1e6))
end
`
