/** Puts the path of the public URL before every `Location`: a gateway serves the routes below a prefix. */
import type { FastifyInstance } from 'fastify'

/** @param issuer the public URL of this service */
export function addPublicPrefix(app: FastifyInstance, issuer: string): void {
  const prefix = new URL(issuer).pathname.replace(/\/+$/, '')
  if (prefix === '') return
  app.addHook('onSend', (_request, reply, payload, done) => {
    const location = reply.getHeader('location')
    if (typeof location === 'string' && location.startsWith('/')) reply.header('location', `${prefix}${location}`)
    done(null, payload)
  })
}
