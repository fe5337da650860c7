/** The vectors of tokens, and the form of refusals. */
import { type ProblemCode, problemDefinition } from '@gatehouse/contract'
import { CheckFailed, form, type Kit } from '../kit.ts'
import type { ProbeResponse } from '../probe.ts'
import { readTokenVectors, type TokenCase } from '../vectors.ts'

/** Requests at a time. */
const parallel = 8

export const tokenCheck = form('tokens', 'each token of tokens.json gets its problem', async kit => {
  const cases = readTokenVectors().cases.filter(
    ({ exact, restricted }) => !exact && !(restricted && kit.routes.restricted === ''),
  )
  const failures: string[] = []
  const queue = [...cases]
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const mismatch = await mismatchOf(kit, next)
      if (mismatch !== null) failures.push(`${next.name}: ${mismatch}`)
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  if (failures.length > 0)
    throw new CheckFailed(`${failures.length} of ${cases.length}: ${failures.slice(0, 5).join('; ')}`)
  return `${cases.length} tokens`
})

async function mismatchOf(
  { probe, routes }: Kit,
  { authorization, query, restricted, expect }: TokenCase,
): Promise<string | null> {
  const path = restricted ? routes.restricted : routes.any
  const response = await probe.send(path, { authorization, ...(query === undefined ? {} : { query }) })
  if (response.result !== expect) return `expected ${expect}, got ${response.result}`
  return expect === 'pass' ? null : formError(response, expect)
}

/** What is wrong with the form of a refusal (RFC 9457, RFC 6750 section 3). */
function formError({ status, headers, body }: ProbeResponse, code: ProblemCode): string | null {
  const definition = problemDefinition(code)
  if (status !== definition.status) return `status ${status} instead of ${definition.status}`
  if (!/^application\/problem\+json\b/.test(String(headers['content-type']))) return 'not application/problem+json'
  if (!/\bno-store\b/.test(String(headers['cache-control']))) return 'without Cache-Control: no-store'
  const problem = JSON.parse(body)
  if (problem.status !== status || problem.action !== definition.action)
    return 'status or action differs from the table'
  const challenge = String(headers['www-authenticate'] ?? '')
  const error = code === 'request-malformed' ? undefined : definition.challenge
  if (error === 'none' && (!/^Bearer\b/.test(challenge) || challenge.includes('error=')))
    return 'needs a challenge without error'
  if (error !== undefined && error !== 'none' && !challenge.includes(`error="${error}"`))
    return `needs a challenge with ${error}`
  return null
}
