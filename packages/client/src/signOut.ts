/** A sign-out that the auth service has not confirmed is completed at the next event, start or sign-in. */
import { call } from './calls.ts'
import type { Core } from './session.ts'

/** Informs the auth service of the sign-out that the record marks, if it marks one. Never rejects. */
export async function completeSignOut(core: Core): Promise<void> {
  const { isSignedOut, refreshToken } = await core.records.read()
  if (!isSignedOut) return
  const answer = await call(core, 'DELETE', { refreshToken })
  if (answer && answer.problem?.action !== 'retry' && (await core.records.read()).isSignedOut)
    await core.records.write({})
}
