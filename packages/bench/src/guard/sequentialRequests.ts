/** Sends a number of requests over one connection, each after the answer to the one before: the same course every time. */
import { load } from '../load/load.ts'
import { getWith } from '../load/requests.ts'

export interface Row {
  path: string
  tokens: readonly string[]
  count: number
}

export async function oneByOne(url: string, { path, tokens, count }: Row): Promise<void> {
  const requests = tokens.map(token => getWith(path, token))
  let sent = 0
  const { refused, latencies } = await load({
    url,
    connections: 1,
    durationMs: 60_000,
    next: () => {
      sent += 1
      return sent > count ? undefined : { request: requests[sent % requests.length] ?? '', done: () => undefined }
    },
  })
  if (latencies.length < count || Object.keys(refused).length > 0)
    throw new Error(`${path}: ${JSON.stringify(refused)}`)
}
