/** `vectors/tokens.json` is what the script writes. Each token gets its problem with both checks of signatures. */
import { ProblemError } from '@gatehouse/contract'
import { fastifyJwtCheck } from '@gatehouse/guard/fastify-jwt'
import {
  type CreateSignatureCheck,
  createVerifier,
  keysFromJwks,
  nodeCryptoCheck,
  singleAuthorization,
} from '@gatehouse/guard-core'
import t, { type Test } from 'tap'
import { tokenVectors } from '../scripts/tokenVectors.ts'
import { readTokenVectors, type TokenCase } from '../src/index.ts'

const vectors = readTokenVectors()

t.test('tokens.json: equals what the script writes, apart from signatures', async t => {
  const withoutSignatures = (cases: readonly TokenCase[]) =>
    cases.map(({ authorization, query, ...rest }) => ({
      ...rest,
      authorization: authorization.map(withoutSignature),
      ...(query === undefined ? {} : { query: withoutSignature(query) }),
    }))
  const written = tokenVectors()
  t.strictSame({ ...vectors, cases: [] }, JSON.parse(JSON.stringify({ ...written, cases: [] })))
  t.strictSame(withoutSignatures(vectors.cases), withoutSignatures(written.cases))
  t.equal(new Set(vectors.cases.map(({ name }) => name)).size, vectors.cases.length, 'each name occurs once')
})

const checks: Record<string, CreateSignatureCheck> = { 'node:crypto': nodeCryptoCheck, '@fastify/jwt': fastifyJwtCheck }

for (const [library, createSignatureCheck] of Object.entries(checks)) {
  t.test(`tokens.json: each token gets its problem at exactly the time of the vectors, with ${library}`, t =>
    decideTokens(t, createSignatureCheck),
  )
}

async function decideTokens(t: Test, createSignatureCheck: CreateSignatureCheck): Promise<void> {
  const known = new Map(keysFromJwks(vectors.jwks, 20).map(key => [key.kid, key]))
  const keys = {
    find: (kid: string) => known.get(kid),
    fetchKey: async () => undefined,
    isLoaded: () => true,
    start: async () => {},
    stop: async () => {},
  }
  const { issuer, audience, toleranceMs: clockToleranceMs, nowMs } = vectors
  const timeMs = () => nowMs
  const verifier = createVerifier({ issuer, audience, clockToleranceMs, keys, timeMs, createSignatureCheck })
  for (const { name, authorization, query = '', restricted, expect } of vectors.cases) {
    if (restricted) continue
    const rawHeaders = authorization.flatMap(value => ['authorization', value])
    const result = await outcomeOf(async () => {
      await verifier.verify(singleAuthorization(rawHeaders, Object.fromEntries(new URLSearchParams(query))))
    })
    t.equal(result, expect, name)
  }
}

async function outcomeOf(run: () => Promise<void>): Promise<string> {
  try {
    await run()
    return 'pass'
  } catch (error) {
    if (error instanceof ProblemError) return error.code
    throw error
  }
}

/** The signature and what follows it. */
function withoutSignature(text: string): string {
  return text.split('.').slice(0, 2).join('.')
}
