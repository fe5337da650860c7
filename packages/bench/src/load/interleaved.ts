/**
 * Two paths of one server, compared in one round: in turn, a tenth of a second of each, over the same connections. Neighbours of a
 * machine move its speed by a quarter from one moment to the next, so it is many short blocks that tell a difference of a few per cent.
 */
import { systemClock } from '@gatehouse/clock'
import { type Pair, sum } from '../result.ts'
import type { Exchange } from './load.ts'
import { getWith } from './requests.ts'
import { byNode, loadedBy, runWrk } from './wrk.ts'

export interface Blocks {
  url: string
  paths: readonly [string, string]
  /** One for each request, in turn. */
  tokens: readonly string[]
  connections: number
  /** Of all blocks. */
  durationMs: number
}

const blockMs = 100
/**
 * Before a block is counted, each token is asked for once: the other path's requests are still under way, and tokens that were
 * looked at long ago have left the caches. Where a turn takes long, that is no matter of caches.
 */
const mostSettlingMs = 250

/** @returns requests a second of the first path, against the second; throws when any was refused */
export async function inBlocks(options: Blocks): Promise<Pair> {
  return ratesOf(loadedBy === 'wrk' ? await blocksByWrk(options) : await blocksByNode(options))
}

/** Of one block: how many requests were sent in how many milliseconds. */
interface Counted {
  asked: number
  ms: number
}

/** Blocks of the two paths in turn; one without its partner is left out. */
export function ratesOf(blocks: readonly Counted[]): Pair {
  const paired = blocks.slice(0, blocks.length - (blocks.length % 2))
  const [value = 0, against = 0] = [0, 1].map(side => {
    const ofSide = paired.filter((_block, at) => at % 2 === side)
    return (sum(ofSide.map(({ asked }) => asked)) / sum(ofSide.map(({ ms }) => ms))) * 1000
  })
  return { value, against }
}

async function blocksByWrk({ url, paths, tokens, connections, durationMs }: Blocks): Promise<Counted[]> {
  const figures = await runWrk({ url, lines: tokens, connections, durationMs, script: script(paths) })
  return figures.flatMap((asked, at) => (at % 2 === 0 ? { asked, ms: figures[at + 1] ?? Number.NaN } : []))
}

/** The same as the script below. */
async function blocksByNode({ url, paths, tokens, connections, durationMs }: Blocks): Promise<Counted[]> {
  const requests = paths.map(path => tokens.map(token => getWith(path, token)))
  const blocks: Counted[] = []
  let [at, side, asked] = [0, 0, 0]
  let sinceMs = systemClock.nowMs()
  let isCounted = false
  const next = (): Exchange => {
    const nowMs = systemClock.nowMs()
    asked += 1
    if (!isCounted) {
      if (asked > tokens.length || nowMs - sinceMs >= mostSettlingMs) [isCounted, sinceMs, asked] = [true, nowMs, 0]
    } else if (nowMs - sinceMs >= blockMs) {
      blocks.push({ asked, ms: nowMs - sinceMs })
      ;[side, isCounted, sinceMs, asked] = [1 - side, false, nowMs, 0]
    }
    at = (at + 1) % tokens.length
    return { request: requests[side]?.[at] ?? '', done: () => undefined }
  }
  await byNode({ url, connections, durationMs, next })
  return blocks
}

const script = ([one, other]: readonly [string, string]) => `
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds, nanoseconds; } instant; int clock_gettime(int, instant *);")
local monotonic, instant = 1, ffi.new("instant")
local function now()
  ffi.C.clock_gettime(monotonic, instant)
  return tonumber(instant.seconds) * 1e3 + tonumber(instant.nanoseconds) / 1e6
end
local paths, requests = { "${one}", "${other}" }, { {}, {} }
local at, side, asked, since, isCounted = 0, 1, 0, now(), false
blocks = {}
function init(args)
  for line in io.lines(args[1]) do
    for path = 1, 2 do
      table.insert(requests[path], wrk.format("GET", paths[path], { Authorization = "Bearer " .. line }))
    end
  end
end
function request()
  local time = now()
  asked = asked + 1
  if not isCounted then
    if asked > #requests[1] or time - since >= ${mostSettlingMs} then
      isCounted, since, asked = true, time, 0
    end
  elseif time - since >= ${blockMs} then
    table.insert(blocks, string.format("%d %.4f", asked, time - since))
    side, isCounted, since, asked = 3 - side, false, time, 0
  end
  at = at % #requests[1] + 1
  return requests[side][at]
end
function figures(summary, thread)
  return table.concat(thread:get("blocks"), " ")
end
`
