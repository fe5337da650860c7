/** What a person, a browser or a machine does in the course of a seed. */
import type { Disk } from './browser.ts'
import type { FastClock } from './clock.ts'
import { lifeMs } from './person.ts'
import type { Random } from './random.ts'
import type { Tab } from './tab.ts'

export interface Scene {
  random: Random
  base: string
  clock: FastClock
  disk: Disk
  tabs: Tab[]
  /** Requests under way; their failures are part of the network's faults. */
  pending: Promise<unknown>[]
  /** Ids of requests that must run at most once. */
  orders: string[]
  open(killAt?: number): Tab
}

export interface Effect {
  /** How many renewals this may cause. */
  causes: number
  jumpMs: number
  name: string
}

type Action = (scene: Scene, place: number) => Partial<Effect> | undefined

const ignore = () => {}
const day = 24 * 3600 * 1000

function request({ tabs, base, pending }: Scene, place: number, init?: RequestInit, path = '/api/storage'): void {
  const tab = tabs[place]
  if (!tab) return
  const asked = tab.client.fetch(base + path, init).then(response => response.text())
  pending.push(Promise.race([asked.catch(ignore), tab.gone]))
}

const actions: Record<string, Action> = {
  request: (scene, place) => void request(scene, place),
  order(scene, place) {
    const id = `${Math.random()}`.slice(2)
    scene.orders.push(id)
    request(scene, place, { method: 'POST', body: '{}' }, `/orders/${id}`)
    return undefined
  },
  burst(scene) {
    for (let count = 0; count < 6; count += 1) request(scene, count % scene.tabs.length)
    return undefined
  },
  expiry({ clock }) {
    clock.jump(lifeMs)
    return { causes: 3, jumpMs: lifeMs }
  },
  'expiry at a request of each tab'(scene) {
    scene.clock.jump(lifeMs)
    for (const place of scene.tabs.keys()) request(scene, place)
    return { causes: 3, jumpMs: lifeMs }
  },
  'the wall clock moves'({ clock, random }) {
    clock.moveWall(random.pick([day, -day]))
    return { causes: 3 }
  },
  wake({ tabs }, place) {
    tabs[place]?.wake()
    return undefined
  },
  reload({ tabs, open }, place) {
    tabs[place]?.close()
    tabs[place] = open()
    return { causes: 1 }
  },
  // Killed at a random step of its life; a tab takes its place later.
  kill(scene, place) {
    scene.tabs[place]?.close()
    const victim = scene.open(1 + scene.random.below(14))
    scene.tabs[place] = victim
    scene.clock.jump(lifeMs)
    victim.client.fetch(`${scene.base}/api/storage`).catch(ignore)
    return { causes: 5, jumpMs: lifeMs }
  },
  abort(scene, place) {
    const leaving = new AbortController()
    request(scene, place, { signal: leaving.signal })
    setTimeout(() => leaving.abort(), scene.random.below(5))
    return undefined
  },
  'the disk is full'({ disk }) {
    disk.setFull(true)
    return undefined
  },
}

const names = ['request', 'request', 'order', 'order', ...Object.keys(actions)]

export function act(scene: Scene): Effect {
  const name = scene.random.pick(names)
  const place = scene.random.below(scene.tabs.length)
  return { causes: 0, jumpMs: 0, ...actions[name]?.(scene, place), name: `${name} ${place}` }
}
