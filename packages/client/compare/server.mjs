/** A rotating refresh token with reuse detection, as GoTrue and Keycloak offer it; the forms of their answers differ. */

/** @param reuseIntervalMs how long the token before still leads to the current one; Keycloak has none */
export function rotation({ clock, reuseIntervalMs, draw }) {
  let generation = 0
  let rotatedAtMs = 0
  let isOver = false

  /** @returns the new generation, or the reason of a refusal */
  function rotate(presented) {
    if (isOver) return 'over'
    if (presented === generation) {
      rotatedAtMs = clock.wallMs()
      generation += 1
      return generation
    }
    const isRecent = presented === generation - 1 && clock.wallMs() < rotatedAtMs + reuseIntervalMs
    if (isRecent) return generation
    isOver = true
    return 'reused'
  }

  /** Meets the fault of this call; `answer` makes the response from what `rotate` returned. */
  return async (presented, answer) => {
    const fault = draw()
    await new Promise(resolve => setImmediate(resolve))
    if (fault === 'lost before') throw new TypeError('fetch failed')
    if (/^\d+$/.test(fault)) return new Response('<h1>trouble</h1>', { status: Number(fault) })
    const result = rotate(presented)
    await new Promise(resolve => setImmediate(resolve))
    if (fault === 'lost after') throw new TypeError('fetch failed')
    return answer(result)
  }
}

/** An unsigned JWT: clients read its times; it is not verified here. */
export function jwt(claims) {
  const part = value => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'ES256', typ: 'JWT' })}.${part(claims)}.${part('signature')}`
}
