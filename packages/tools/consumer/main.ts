/** Sends the same requests to each shape of application, and prints the responses as JSON. */
import type { GuardOptions } from '@gatehouse/guard'
import type { FastifyInstance } from 'fastify'
import { buildAutoload } from './autoload/app.js'
import { buildOwnHandlers } from './ownHandlers.js'
import { buildPlain } from './plain.js'

interface Input {
  options: GuardOptions
  token: string
}

const { options, token }: Input = JSON.parse(process.env['CONSUMER'] ?? '{}')
const shapes = { plain: buildPlain, ownHandlers: buildOwnHandlers, autoload: buildAutoload }
const responses: Record<string, object> = {}
for (const [name, build] of Object.entries(shapes)) responses[name] = await responsesOf(await build(options))
console.log(JSON.stringify(responses))

async function responsesOf(app: FastifyInstance): Promise<object> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  const authorization = `Bearer ${token}`
  await waitForLease(app, { authorization })
  const responses = {
    refused: await get(app, '/storage'),
    granted: await get(app, '/storage', { authorization }),
    full: await get(app, '/full', { authorization }),
    unknown: await get(app, '/nowhere'),
  }
  await app.close()
  return responses
}

/** Without a lease the guard answers 503. */
async function waitForLease(app: FastifyInstance, headers: Record<string, string>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const { status } = await get(app, '/storage', headers)
    if (status !== 503) return
    await new Promise(resolve => setTimeout(resolve, 25))
  }
}

async function get(app: FastifyInstance, path: string, headers: Record<string, string> = {}) {
  const { statusCode, headers: received, body } = await app.inject({ path, headers })
  return { status: statusCode, challenge: received['www-authenticate'], body: JSON.parse(body) as unknown }
}
