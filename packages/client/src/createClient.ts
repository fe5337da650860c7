/** Connects the session of this tab with the page's events, the other tabs and the caller. */
import { createCalls } from './calls.ts'
import { browserPage, browserStore, systemClock } from './environment.ts'
import { ClientError, ProblemError } from './errors.ts'
import { createRecords, type Tokens } from './records.ts'
import { createFetch } from './requests.ts'
import { createSession, type Event } from './session.ts'
import type { Client, ClientOptions, Credentials, SignedOutReason } from './types.ts'

/** What another tab of this origin reports. It requests nothing. */
type News = [event: Event, access: Tokens, why?: SignedOutReason | undefined]

const ignore = () => {}

export function createClient(options: ClientOptions): Client {
  const { store, clock = systemClock, page = browserPage(), timeLimitMs = 30_000, callTimeoutMs = 10_000 } = options
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request))
  const auth = new URL(options.auth.replace(/\/*$/, '/'), globalThis.location?.href)
  const name = `gatehouse ${auth}`
  const { channel = page && new BroadcastChannel(name) } = options
  const closing = new AbortController()
  const records = createRecords(store ?? browserStore(name))
  const deps = { fetch, clock, timeLimitMs }
  const credentials = store ? 'omit' : 'include'
  const calls = createCalls({ ...deps, auth, credentials, callTimeoutMs })
  const session = createSession({ ...deps, calls, records, isBodyTransport: !!store, schedule, announce })
  const fetchWithToken = createFetch({ ...deps, session, origins: [auth.origin, ...(options.origins ?? [])] })
  let timer = new AbortController()

  function schedule(ms: number): void {
    timer.abort()
    timer = new AbortController()
    if (page) clock.sleep(ms, timer.signal).then(wake, ignore)
  }

  /** Runs when the timer ends, the page becomes visible or the network returns; several at once cause one renewal. */
  function wake(): void {
    if (!page?.isVisible()) return
    if (session.getState().status === 'signed-out') completeSignOut()
    else if (!session.isFresh()) session.renew().catch(ignore)
  }

  function announce(event: Event, { refreshToken, ...access }: Tokens, why?: SignedOutReason): void {
    channel?.postMessage([event, access, why] satisfies News)
  }

  function onNews([event, access, why = 'signed-out']: News): void {
    const known = session.getAccess()
    const isSame = known?.sessionId === access.sessionId
    if (event === 'signed-out') {
      if (!isSame) return
      session.end(why)
      // A renewal of this tab may have written its record over the mark of the sign-out.
      if (store && why === 'signed-out') markSignedOut(access.sessionId).then(completeSignOut)
    } else if (isSame || event === 'signed-in' || (!known && session.getState().status !== 'signed-out')) {
      session.adopt(access, true)
      session.interrupt()
    }
  }

  async function signIn(login: Credentials): Promise<void> {
    const generation = session.change()
    await completeSignOut()
    const answer = await calls.call('POST', 'session', { ...login, transport: store ? 'body' : 'cookie' })
    session.assertGeneration(generation)
    if (!answer) throw new ClientError('unreachable')
    if (answer instanceof ProblemError) throw answer
    await records.write({ ...(store && answer), key: crypto.randomUUID() })
    session.assertGeneration(generation)
    session.accept(answer)
    announce('signed-in', answer)
  }

  async function reauthenticate(password: string): Promise<void> {
    const generation = session.getGeneration()
    const sentAt = { nowMs: clock.nowMs(), wallMs: clock.wallMs() }
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ password })
    const response = await fetchWithToken(new URL('session/reauthenticate', auth), { method: 'POST', headers, body })
    const tokens: Tokens = { ...(await response.json()), ...sentAt }
    session.assertGeneration(generation)
    // The stored access token would be adopted instead of a renewal.
    if (store) await records.write({ ...(await records.read()), ...tokens })
    session.assertGeneration(generation)
    session.accept(tokens)
    announce('renewed', tokens)
  }

  async function signOut(): Promise<void> {
    session.change()
    session.end('signed-out')
    await markSignedOut()
    await completeSignOut()
  }

  /** @param only mark the record of this session */
  async function markSignedOut(only?: string): Promise<void> {
    const { key, refreshToken, sessionId } = await records.read()
    if (!only || only === sessionId) await records.write({ key, refreshToken, isSignedOut: true })
  }

  /** Informs the auth service of a sign-out. What fails now is repeated at the next event, start or sign-in. */
  async function completeSignOut(): Promise<void> {
    const { isSignedOut, refreshToken } = await records.read()
    if (!isSignedOut) return
    const answer = await calls.call('DELETE', 'session', { refreshToken })
    const isOver = answer instanceof ProblemError ? answer.problem.status === 401 : answer
    if (isOver && (await records.read()).isSignedOut) await records.write({})
  }

  page?.listen(() => {
    session.resume()
    wake()
  }, closing.signal)
  if (channel) channel.onmessage = ({ data }) => onNews(data)
  // Without a page or a store there is no session to find: this is a server that renders.
  if (page || store) session.renew().then(completeSignOut).catch(ignore)

  return {
    fetch: fetchWithToken,
    signIn,
    reauthenticate,
    signOut,
    token: () => session.token(),
    getState: session.getState,
    subscribe: session.subscribe,
    close() {
      session.change()
      timer.abort()
      closing.abort()
      channel?.close()
    },
  }
}
