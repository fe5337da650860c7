/** Sends requests one after the other over one connection. */
import { load } from '../load/load.ts'
import { getRequest, limited, repeated } from '../load/requests.ts'

export interface RequestSeries {
  path: string
  /** Used in turn. */
  tokens: readonly string[]
  count: number
}

/** @throws {Error} when any request is refused */
export async function sendInSequence(url: string, { path, tokens, count }: RequestSeries): Promise<void> {
  const { refused, latencies } = await load({
    url,
    connections: 1,
    durationMs: 60_000,
    next: limited(count, repeated(tokens.map(token => getRequest(path, token)))),
  })
  if (latencies.length < count || Object.keys(refused).length > 0)
    throw new Error(`${path}: ${JSON.stringify(refused)}`)
}
