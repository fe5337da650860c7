/** `pnpm example`: the example page beside `pnpm start`. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startExample } from '../example/server.mjs'

const file = join(process.env.GATEHOUSE_DATA || '.gatehouse', 'credentials.json')
if (!existsSync(file)) {
  console.error('Run `pnpm start` in another terminal first.')
  process.exit(1)
}
const { authUrl, resourceUrl, user } = JSON.parse(readFileSync(file, 'utf8'))
const port = Number(process.env.EXAMPLE_PORT ?? 5173)
const { url } = await startExample({ authUrl, resourceUrl, port })
console.log(`${url}\nSign in as ${user.email} with the password ${user.password}`)
