/** What tests of a guarded service need beside the service: a fake auth service, a fake clock and a signing key. */
import { clientId, clientSecret, type FakeAuth, fakeAuth } from './fakeAuth.ts'
import { type FakeClock, fakeClock } from './fakeClock.ts'
import { startMs } from './problemAssertions.ts'
import { audience, claimsAt, issuer, type SigningKey, signingKey, tokenOf } from './testTokens.ts'

export interface GuardFixture {
  auth: FakeAuth
  clock: FakeClock
  /** The key of the tokens; the fake auth service publishes it. */
  key: SigningKey
  /** The options of a guard that follows the fake auth service. */
  guardOptions: {
    clientId: string
    clientSecret: string
    authUrls: string[]
    issuer: string
    audience: string
    clock: FakeClock
    publicKey: string
    random: () => number
    /** Writes nothing. */
    log: { info(): void; warn(): void; error(): void }
  }
  /** A valid token with these claims changed. */
  token: (over?: Record<string, unknown>) => string
}

/** The caller stops `auth`. */
export async function guardFixture(): Promise<GuardFixture> {
  const clock = fakeClock({ wallMs: startMs })
  const auth = await fakeAuth(clock)
  const key = signingKey()
  auth.keys = [key]
  const client = { clientId, clientSecret, authUrls: [auth.url], issuer, audience }
  return {
    auth,
    clock,
    key,
    guardOptions: {
      ...client,
      clock,
      publicKey: key.pem,
      random: () => 0.5,
      log: { info() {}, warn() {}, error() {} },
    },
    token: over => tokenOf(key, claimsAt(clock.wallMs(), over)),
  }
}

/** A service whose guard the test knows. */
export interface GuardedService {
  auth: FakeAuth
  guard: { ready: () => Promise<void> }
  stop: () => Promise<void>
}

/**
 * Waits until the guard holds a lease and waits in a held poll.
 * @param t the test, at whose end the service is stopped
 */
export async function untilReady<Service extends GuardedService>(
  t: { teardown: (stop: () => Promise<void>) => void },
  service: Service,
): Promise<Service> {
  t.teardown(service.stop)
  await service.guard.ready()
  await service.auth.holding()
  return service
}
