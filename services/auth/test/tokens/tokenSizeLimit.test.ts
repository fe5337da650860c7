/** The limit of roles and scopes follows from the longest token that any client can get for them. */
import { maxAccessTokenLength, ProblemError, tokenSizeOf } from '@gatehouse/contract'
import t from 'tap'
import { createTokenSizeLimit } from '../../src/tokens/tokenSizeLimit.ts'

const issuer = 'https://auth.example.org'
const [kid, signatureBytes] = ['k'.repeat(43), 512]
const television = 't'.repeat(100)
const api = 'https://api.example.org/'.padEnd(200, 'a')

/** The most scopes that a limit accepts. */
function maxScopes(limit: ReturnType<typeof createTokenSizeLimit>): string[] {
  const scopes: string[] = []
  for (;;) {
    const more = [...scopes, `scope:${scopes.length}`]
    try {
      limit({ clientId: 'first-party', roles: [], scopes: more })
    } catch (error) {
      t.ok(error instanceof ProblemError && error.code === 'request-malformed')
      return scopes
    }
    scopes.push(more.at(-1) ?? '')
  }
}

t.test('grant limit: what it accepts fits into the token of every public client and for every audience', async t => {
  const names = { issuer, audiences: ['gatehouse', api], publicClients: ['radio', television] }
  const scopes = maxScopes(createTokenSizeLimit(names))
  for (const clientId of ['first-party', television])
    for (const audience of ['gatehouse', api]) {
      const length = tokenSizeOf({ issuer, audience, clientId, roles: [], scopes, kid, signatureBytes })
      t.ok(length <= maxAccessTokenLength, `${clientId.slice(0, 11)}, ${audience.slice(0, 11)}: ${length}`)
    }
  const plain = maxScopes(createTokenSizeLimit({ issuer, audiences: ['gatehouse'], publicClients: [] }))
  t.ok(plain.length > scopes.length, 'without long names there is room for more')
})
