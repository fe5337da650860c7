/** `npx -y pnpm@12 example`: the example page beside `start`. Set EXAMPLE_PORT for another port than 5173. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startExample } from '../example/server.mjs'

const file = join(process.env.GATEHOUSE_DATA || '.gatehouse', 'credentials.json')
if (!existsSync(file)) fail('Run `npx -y pnpm@12 start` in another terminal first.')
const { authUrl, resourceUrl, user } = JSON.parse(readFileSync(file, 'utf8'))
const isRunning = await fetch(`${authUrl}/livez`).then(
  ({ ok }) => ok,
  () => false,
)
if (!isRunning) fail('The stack does not answer: is `npx -y pnpm@12 start` running?')
const port = Number(process.env.EXAMPLE_PORT ?? 5173)
const { url } = await startExample({ authUrl, resourceUrl, port }).catch(error =>
  fail(error.code === 'EADDRINUSE' ? `Port ${port} is in use: set EXAMPLE_PORT to another.` : error.message),
)
console.log(`${url}\nSign in as ${user.email} with the password ${user.password}`)

/** @returns {never} */
function fail(message) {
  console.error(message)
  process.exit(1)
}
