/** A client that renews and calls both services while replicas change. */
import { systemClock } from '@gatehouse/clock'
import type { Call } from '@gatehouse/testkit'

export interface Load {
  answered: number
  failures: string[]
}

/** Renews and calls both services in a loop. @returns a function that stops the loop */
export function startRenewalLoad(call: Call, tokens: { refreshToken: string }): () => Promise<Load> {
  const load: Load = { answered: 0, failures: [] }
  const stopping = new AbortController()
  const renewAndCall = async () => {
    let { refreshToken } = tokens
    while (!stopping.signal.aborted) {
      const renewed = await call('/auth/session/renew', { body: { refreshToken } })
      const { accessToken: token, ...next } = renewed.body as { accessToken: string; refreshToken: string }
      refreshToken = next.refreshToken
      const answers = [renewed, await call('/auth/me', { token }), await call('/api/storage', { token })]
      load.answered += answers.length
      load.failures.push(...answers.filter(({ status }) => status !== 200).map(({ body }) => JSON.stringify(body)))
      // Below the gateway's limit of 100 requests a second.
      await systemClock.sleep(60)
    }
  }
  const done = renewAndCall()
  return async () => {
    // Longer than the gateway caches DNS answers, after the replica has exited.
    await systemClock.sleep(3000)
    stopping.abort()
    await done
    return load
  }
}
