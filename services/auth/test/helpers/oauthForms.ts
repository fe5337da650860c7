/** A client of the OAuth surface, for its tests. */
import { sha256 } from '../../src/keys/hmac.ts'
import { putServiceClient } from '../../src/store/serviceClients.ts'
import { basic, type HttpResponse, type Stage } from './service.ts'

export const secret = 'a secret of at least twenty characters'

/** Posts a form; with the credentials of a client if one is named. */
export function post(
  { call }: Pick<Stage, 'call'>,
  path: string,
  form: Record<string, string>,
  clientId?: string,
): Promise<HttpResponse> {
  return call(path, {
    method: 'POST',
    body: new URLSearchParams(form).toString(),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(clientId === undefined ? {} : { authorization: basic(clientId, secret) }),
    },
  })
}

export async function machine({ database }: Stage, id: string, scopes: readonly string[]): Promise<void> {
  await putServiceClient(database.prisma, { id, name: id, secretHash: sha256(secret), scopes: [...scopes] })
}

/** A token of the machine's own. */
export async function tokenOf(on: Stage, id: string, scope?: string): Promise<string> {
  const form = { grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }
  const { body } = await post(on, '/oauth/token', form, id)
  return (body as { access_token: string }).access_token
}
