/** A person with three tabs that share one session, or with one program, and the assertions that hold whatever the network does. */
import type { State } from '../src/index.ts'
import { act, type Scene } from './actions.ts'
import { createBrowser, createDisk, hub } from './browser.ts'
import { fastClock } from './clock.ts'
import { generationOf, type LossyProxy } from './proxy.ts'
import { seeded } from './random.ts'
import { type CreateClient, openTab, type Tab } from './tab.ts'

export interface PersonOptions {
  lane: string
  login: { email: string; password: string }
  transport: 'body' | 'cookie'
  /** False: the core alone, with the body transport. */
  hasPlugIns: boolean
  proxy: LossyProxy
  create: CreateClient
  /** Probability that a seed ends with a sign-out. */
  signOutRate: number
}

export interface SeedReport {
  seed: number
  /** Rotations in the database. */
  renewals: number
  /** As many as have a cause: per tab an expiry, a start, a clock that was moved. */
  allowed: number
  violations: string[]
  /** What happened, in order: for the reader of a violation. */
  trace: string[]
}

export interface Person {
  run(seed: number): Promise<SeedReport>
}

export const lifeMs = 300_000
/** The longest pause of 10 s takes 0.2 s. */
const speed = 50

export function createPerson(options: PersonOptions): Person {
  const { lane, login, transport, hasPlugIns, proxy, create, signOutRate } = options
  const base = `${proxy.url}/${lane}`
  const clock = fastClock(speed)
  const disk = createDisk()
  const browser = createBrowser(proxy.calls)
  const connect = hub()
  let hasSession = false
  let opened: Tab[] = []
  let violations: string[] = []
  let trace: string[] = []

  function open(killAt = Number.POSITIVE_INFINITY): Tab {
    const tab = openTab({
      create,
      auth: `${base}/auth`,
      api: base,
      clock,
      store: transport === 'body' ? disk : undefined,
      fetch: traced(opened.length),
      channel: hasPlugIns ? connect() : null,
      killAt,
      onState(state: State) {
        note(`${JSON.stringify(state)}`)
        if (state.status === 'signed-out' && hasSession) violations.push(`signed out without a reason: ${state.why}`)
      },
    })
    opened.push(tab)
    return tab
  }

  function note(text: string): void {
    trace.push(`${Math.round(clock.nowMs() / speed)} ${text}`)
  }

  /** Notes each call with the generation of the token that it presents. */
  function traced(place: number): typeof fetch {
    return async (input, init) => {
      const url = input instanceof Request ? input.url : `${input}`
      const token = transport === 'body' ? /ghr_[\w-]+/.exec(`${init?.body}`)?.[0] : browser.cookie()
      const what = `${place} ${init?.method ?? ''} ${url.slice(base.length)} ${url.includes('session') ? generationOf(token) : ''} ${(init?.headers as Record<string, string> | undefined)?.['idempotency-key']?.slice(0, 6) ?? ''}`
      note(`-> ${what}`)
      try {
        const response = await browser.fetch(input, init)
        note(`<- ${what}: ${response.status}`)
        return response
      } catch (error) {
        note(`<- ${what}: ${error}`)
        throw error
      }
    }
  }

  /** The generation of the refresh token: how often the session was renewed. */
  function generation(): number {
    const token = transport === 'body' ? JSON.parse(disk.text() || '{}').refreshToken : browser.cookie()
    return generationOf(token)
  }

  /** Retries for a while: the auth service may be starting again. */
  async function eventually(task: () => Promise<boolean>): Promise<boolean> {
    for (let attempt = 0; attempt < 40; attempt += 1) {
      if (await task().catch(() => false)) return true
      await clock.sleep(2500)
    }
    return false
  }

  /**
   * @returns three tabs with the session of the seed before, or with another; one program without plug-ins, since
   *   clients that share a session need `tabs`
   */
  async function begin(): Promise<Tab[]> {
    const first = open()
    if (!hasSession) hasSession = await eventually(() => first.client.signIn(login).then(() => true))
    const isKnown = await eventually(async () => (await first.client.token()) !== undefined)
    if (!isKnown) violations.push(`the session of the seed before is lost: ${JSON.stringify(first.client.getState())}`)
    return hasPlugIns ? [first, open(), open()] : [first]
  }

  async function verify(tab: Tab): Promise<void> {
    let last: unknown
    const isServed = await eventually(async () => {
      const response = await tab.client.fetch(`${base}/api/storage`).catch(error => error)
      last = response.status ?? response.code ?? response
      return response.status === 200
    })
    if (!isServed) violations.push(`a tab is not served on a network without faults: ${last}`)
  }

  /** A tab that was just served holds a token: further requests need no renewal, save one that falls due in between. */
  async function verifyCalm(tab: Tab | undefined): Promise<void> {
    const before = generation()
    const startedMs = clock.nowMs()
    for (let count = 0; count < 4; count += 1) await tab?.client.fetch(`${base}/api/storage`).catch(() => {})
    const renewals = generation() - before
    if (renewals > 2 + 3 * Math.floor((clock.nowMs() - startedMs) / (lifeMs * 0.75)))
      violations.push(`${renewals} renewals in four requests in a row`)
  }

  /** After a sign-out nothing signs in again: not a late answer, not a reload. */
  async function signOut(scene: Scene): Promise<void> {
    hasSession = false
    const [tab] = scene.tabs
    // Every tab renews at this moment.
    clock.jump(lifeMs)
    for (const { client } of scene.tabs) client.fetch(`${base}/api/storage`).catch(() => {})
    await clock.sleep(scene.random.below(1000))
    // Half of the sign-outs meet a network on which every call has a fault.
    if (scene.random.chance(0.5)) proxy.faults.set(lane, { rate: 1, random: scene.random })
    await tab?.client.signOut()
    if (scene.random.chance(0.5)) tab?.close()
    proxy.faults.delete(lane)
    await Promise.allSettled(scene.pending)
    clock.jump(lifeMs)
    const next = open()
    await eventually(async () => {
      next.wake()
      await next.client.token()
      return next.client.getState().status !== 'unknown'
    })
    // Without messages, a tab learns of the sign-out when it needs a token.
    const remaining = opened.filter(each => !each.isKilled())
    for (const { client } of remaining) await eventually(async () => (await client.token()) === undefined)
    const states = remaining.map(({ client }) => client.getState())
    if (states.some(({ status }) => status === 'signed-in')) violations.push('signed in again after sign-out')
    if (await next.client.token()) violations.push('a token after sign-out')
  }

  async function run(seed: number): Promise<SeedReport> {
    const random = seeded(seed)
    violations = []
    trace = []
    proxy.traces.set(lane, note)
    const scene: Scene = { random, base, clock, disk, tabs: await begin(), pending: [], orders: [], open }
    const before = generation()
    const startedMs = clock.nowMs()
    let jumpedMs = 0
    let allowed = 3

    proxy.faults.set(lane, { rate: random.pick([0, 0.2, 0.4, 0.6, 0.8]), random: seeded(seed ^ 0x5bd1e995) })
    const steps = 4 + random.below(4)
    for (let step = 0; step < steps; step += 1) {
      const { causes, jumpMs, name } = act(scene)
      note(`-- ${name}`)
      allowed += causes
      jumpedMs += jumpMs
      if (random.chance(0.5)) await clock.sleep(random.below(2000))
    }

    proxy.faults.delete(lane)
    disk.setFull(false)
    for (const [place, tab] of scene.tabs.entries()) {
      if (!tab.isDoomed) continue
      tab.close()
      scene.tabs[place] = open()
    }
    await Promise.all([...scene.pending, ...scene.tabs.map(verify)])
    await verifyCalm(scene.tabs[0])
    // A visible tab renews at 75 % of the lifetime.
    allowed += 3 * Math.floor((clock.nowMs() - startedMs - jumpedMs) / (lifeMs * 0.75))
    const renewals = generation() - before
    if (renewals > allowed) violations.push(`${renewals} renewals, of which ${allowed} have a cause`)
    for (const id of scene.orders) {
      const runs = proxy.orders.get(id) ?? 0
      if (runs > 1) violations.push(`order ${id} was sent ${runs} times`)
      proxy.orders.delete(id)
    }
    if (random.chance(signOutRate)) await signOut(scene)
    for (const tab of opened) tab.close()
    opened = []
    // The next seed begins with another session.
    if (violations.length > 0) hasSession = false
    return { seed, renewals, allowed, violations, trace }
  }

  return { run }
}
