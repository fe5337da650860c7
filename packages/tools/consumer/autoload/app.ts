/** The layout that fastify-cli generates: plugins and routes, loaded from their folders. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import autoload from '@fastify/autoload'
import type { GuardOptions } from '@gatehouse/guard'
import fastify, { type FastifyInstance } from 'fastify'

const folder = fileURLToPath(new URL('.', import.meta.url))

export async function buildAutoload(guardOptions: GuardOptions): Promise<FastifyInstance> {
  const app = fastify()
  void app.register(autoload, { dir: join(folder, 'plugins'), forceESM: true })
  void app.register(autoload, { dir: join(folder, 'routes'), options: { guardOptions }, forceESM: true })
  return app
}
