/** An OAuth client, for the tests of the OAuth endpoints. */
import type { HttpResponse } from '@gatehouse/testkit'
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

export async function createClient({ database }: TestService, id: string, scopes: readonly string[]): Promise<void> {
  await putServiceClient(database.prisma, { id, name: id, secretHash: sha256(clientSecret), scopes: [...scopes] })
}

/** An access token of the service client. */
export async function clientToken(service: TestService, id: string, scope?: string): Promise<string> {
  const form = { grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }
  const { body } = await postForm(service, '/oauth/token', form, id)
  return (body as { access_token: string }).access_token
}
