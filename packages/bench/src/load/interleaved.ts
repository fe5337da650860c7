/**
 * Compares two paths of a server in one round: a tenth of a second of each, in turn, over the same
 * connections. On a shared machine the speed varies by a quarter from one moment to the next, and
 * only short blocks show a difference of a few per cent.
 */
import { systemClock } from '@gatehouse/clock'
import { type Pair, sum } from '../result.ts'
import type { Exchange } from './load.ts'
import { getRequest } from './requests.ts'
import { loadByNode, loadGenerator, runWrk } from './wrk.ts'

export interface InterleavedLoad {
  url: string
  paths: readonly [string, string]
  /** Used in turn, one for each request. */
  tokens: readonly string[]
  connections: number
  /** Of all blocks together. */
  durationMs: number
}

const blockMs = 100
/**
 * Before a block counts, each token is sent once: requests to the other path are still pending, and
 * the tokens are no longer in the processor's caches. Where that takes longer than this limit,
 * caches do not matter.
 */
const maxSettlingMs = 250

/**
 * @returns requests a second of the first path, against the second
 * @throws {Error} when any request is refused
 */
export async function interleaved(options: InterleavedLoad): Promise<Pair> {
  return ratesOf(loadGenerator === 'wrk' ? await blocksByWrk(options) : await blocksByNode(options))
}

interface Block {
  /** How many requests were sent. */
  sent: number
  ms: number
}

/** @param blocks of the two paths in turn; a last block without its partner is ignored */
export function ratesOf(blocks: readonly Block[]): Pair {
  const paired = blocks.slice(0, blocks.length - (blocks.length % 2))
  const [value = 0, against = 0] = [0, 1].map(side => {
    const ofSide = paired.filter((_block, index) => index % 2 === side)
    return (sum(ofSide.map(({ sent }) => sent)) / sum(ofSide.map(({ ms }) => ms))) * 1000
  })
  return { value, against }
}

async function blocksByWrk({ url, paths, tokens, connections, durationMs }: InterleavedLoad): Promise<Block[]> {
  const figures = await runWrk({ url, lines: tokens, connections, durationMs, script: script(paths) })
  return figures.flatMap((sent, index) => (index % 2 === 0 ? { sent, ms: figures[index + 1] ?? Number.NaN } : []))
}

/** Does the same as the script below. */
async function blocksByNode({ url, paths, tokens, connections, durationMs }: InterleavedLoad): Promise<Block[]> {
  const requests = paths.map(path => tokens.map(token => getRequest(path, token)))
  const blocks: Block[] = []
  let [index, side, sent] = [0, 0, 0]
  let sinceMs = systemClock.nowMs()
  let isCounted = false
  const next = (): Exchange => {
    const nowMs = systemClock.nowMs()
    sent += 1
    if (!isCounted) {
      if (sent > tokens.length || nowMs - sinceMs >= maxSettlingMs) [isCounted, sinceMs, sent] = [true, nowMs, 0]
    } else if (nowMs - sinceMs >= blockMs) {
      blocks.push({ sent, ms: nowMs - sinceMs })
      ;[side, isCounted, sinceMs, sent] = [1 - side, false, nowMs, 0]
    }
    index = (index + 1) % tokens.length
    return { request: requests[side]?.[index] ?? '', onResponse: () => undefined }
  }
  await loadByNode({ url, connections, durationMs, next })
  return blocks
}

const script = ([first, second]: readonly [string, string]) => `
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds, nanoseconds; } instant; int clock_gettime(int, instant *);")
local monotonic, instant = 1, ffi.new("instant")
local function now()
  ffi.C.clock_gettime(monotonic, instant)
  return tonumber(instant.seconds) * 1e3 + tonumber(instant.nanoseconds) / 1e6
end
local paths, requests = { "${first}", "${second}" }, { {}, {} }
local index, side, sent, since, isCounted = 0, 1, 0, now(), false
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
  sent = sent + 1
  if not isCounted then
    if sent > #requests[1] or time - since >= ${maxSettlingMs} then
      isCounted, since, sent = true, time, 0
    end
  elseif time - since >= ${blockMs} then
    table.insert(blocks, string.format("%d %.4f", sent, time - since))
    side, isCounted, since, sent = 3 - side, false, time, 0
  end
  index = index % #requests[1] + 1
  return requests[side][index]
end
function figures(summary, thread)
  return table.concat(thread:get("blocks"), " ")
end
`
