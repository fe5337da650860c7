/** Parses the form of an OAuth request: UTF-8, form-encoded, no repeated parameter (RFC 6749 section 3.2). */
import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { OAuthError } from './errors.ts'

export type Form = Readonly<Record<string, string>>

/** Accepts only form bodies in this scope. */
export function acceptForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  // Without a body every parameter is missing, and the response names the first.
  app.addHook('preValidation', (request, _reply, done) => {
    request.body ??= {}
    done()
  })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseForm(body as Buffer))
    } catch (error) {
      done(error as Error)
    }
  })
}

/**
 * Parameters without a value count as omitted, unknown parameters are ignored (RFC 6749 section 3.2).
 * @throws OAuthError `invalid_request`
 */
export function parseForm(body: Buffer): Form {
  const text = body.toString('latin1')
  if (!isUtf8(body) || text.includes('\0') || /%00/.test(text))
    throw new OAuthError('invalid_request', 'The body is not a UTF-8 form.')
  const form: Record<string, string> = Object.create(null)
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) {
    if (name in form)
      throw new OAuthError(
        repeatable.includes(name) ? 'invalid_target' : 'invalid_request',
        `The parameter ${shown(name)}is repeated.`,
      )
    if (value !== '') form[name] = value
  }
  return form
}

/** A request may name several (RFC 8693 section 2.1, RFC 8707 section 2); a token here has one audience. */
const repeatable = ['resource', 'audience']

/** A response repeats only a name in the form of a parameter, and no other input. */
function shown(name: string): string {
  return /^[a-z_]{1,40}$/.test(name) ? `${name} ` : ''
}

/** @throws OAuthError `invalid_request` naming the parameter */
export function requireParameter(form: Form, name: string): string {
  const value = form[name]
  if (value === undefined) throw new OAuthError('invalid_request', `The parameter ${name} is missing.`)
  return value
}
