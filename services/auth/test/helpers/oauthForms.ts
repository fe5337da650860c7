/** An OAuth client, for the tests of the OAuth endpoints. */
import type { HttpResponse } from '@gatehouse/testkit'
import type { Test } from 'tap'
import { sha256 } from '../../src/keys/hmac.ts'
import { putServiceClient } from '../../src/store/serviceClients.ts'
import { basic, type TestService } from './service.ts'

export const clientSecret = 'a secret of at least twenty characters'

/** Posts a form, with HTTP Basic credentials when `clientId` is given. */
export function postForm(
  { call }: Pick<TestService, 'call'>,
  path: string,
  form: Record<string, string>,
  clientId?: string,
): Promise<HttpResponse> {
  return call(path, {
    method: 'POST',
    body: new URLSearchParams(form).toString(),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(clientId === undefined ? {} : { authorization: basic(clientId, clientSecret) }),
    },
  })
}

/** Checks an error of RFC 6749 section 5.2: body, status, headers. */
export function isOAuthError(t: Test, { status, body, headers }: HttpResponse, error: string, why = error): void {
  t.match(body, { error, error_description: String }, why)
  t.equal(status, error === 'invalid_client' ? 401 : 400, why)
  t.match(headers.get('content-type'), 'application/json')
  t.equal(headers.get('cache-control'), 'no-store')
  t.equal(headers.get('www-authenticate') !== null, error === 'invalid_client')
}

export async function createClient({ database }: TestService, id: string, scopes: readonly string[]): Promise<void> {
  await putServiceClient(database.prisma, { id, name: id, secretHash: sha256(clientSecret), scopes: [...scopes] })
}

/** An access token of the service client. */
export async function clientToken(service: TestService, id: string, scope?: string): Promise<string> {
  const form = { grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }
  const { body } = await postForm(service, '/oauth/token', form, id)
  return (body as { access_token: string }).access_token
}
