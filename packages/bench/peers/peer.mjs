/** Code of all peers: reads the configuration, and prints the address and the tokens. */
import { once } from 'node:events'
import { createServer } from 'node:http'

/** Set by the benchmark. @returns {any} */
export function readPeerConfig() {
  return JSON.parse(process.env['BENCH_PEER'] ?? '{}')
}

/**
 * @param {import('node:http').RequestListener} listener
 * @param {readonly string[]} refreshTokens one for each session that the peer has made
 */
export async function serve(listener, refreshTokens) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  console.log(`sessions ${JSON.stringify(refreshTokens)}`)
  console.log(`listening at http://127.0.0.1:${server.address().port}`)
  process.once('SIGTERM', () => process.exit(0))
}
