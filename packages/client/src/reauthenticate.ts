/** Confirms the password, as the action `reauthenticate` asks for. */
import { abortCalls, accept, assertGeneration } from './session.ts'
import type { Client } from './types.ts'

/**
 * Confirms the password. Then repeat the refused request.
 * @throws ProblemError, for example `password-wrong`, which does not sign out
 */
export async function reauthenticate({ core, fetch }: Client, password: string): Promise<void> {
  const { auth, clock, generation, records } = core
  const sentAt = { nowMs: clock.nowMs(), wallMs: clock.wallMs() }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ password })
  const response = await fetch(new URL('session/reauthenticate', auth), { method: 'POST', headers, body })
  const tokens = { ...(await response.json()), ...sentAt }
  assertGeneration(core, generation)
  // The stored access token would be adopted instead of a renewal.
  await records.write({ ...(await records.read()), ...tokens })
  assertGeneration(core, generation)
  abortCalls(core)
  accept(core, tokens, 'renewed')
}
