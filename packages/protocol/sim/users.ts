/** The clients of users: they log in, renew and lose responses. Some of their refresh tokens are copied and replayed. */
import { newProcess, type Process } from './processes.ts'
import { createRenewer, type RenewalResult } from './renewing.ts'
import type { Replica } from './replica.ts'
import { startRevoking } from './revoking.ts'
import { type Lifetimes, logIn, type RefreshToken } from './sessions.ts'
import { users } from './tables.ts'
import type { World } from './world.ts'

interface Client {
  process: Process
  user: string
  /** The token that it presents next; null when it must log in. */
  held: { sid: string; generation: number } | null
  /** It sends an `Idempotency-Key`, so it can retry at any time after a lost response. */
  sendsIdempotencyKey: boolean
}

export function startUsers(world: World, replicas: readonly Replica[]): void {
  const { timeline, processes, network, database, random, durations, checker } = world
  const lifetimes: Lifetimes = { tokenMs: durations.tokenMs, sessionMs: 2500, idleMs: 1200 }
  const { renew, handleResult } = createRenewer(world, lifetimes)
  const copies: RefreshToken[] = []
  const sids: string[] = []
  let sidCount = 0

  const call = (client: Client, work: (replica: Replica, reply: (act: () => void) => void) => void) => {
    const replica = random.pick(replicas)
    const { name } = client.process
    const reply = (act: () => void) =>
      network.send({ from: replica.process.name, to: name }, () => processes.later(client.process, 0, act))
    network.send({ from: name, to: replica.process.name }, () =>
      processes.later(replica.process, 0, () => work(replica, reply)),
    )
  }

  const logInClient = (client: Client) =>
    call(client, (replica, reply) => {
      sidCount += 1
      const sid = `s${sidCount}`
      database.query(replica.process, logIn({ sid, user: client.user }, lifetimes), token => {
        if (!token) return
        sids.push(sid)
        checker.minted(token)
        reply(() => {
          client.held ??= { sid, generation: 1 }
        })
      })
    })

  const renewClient = (client: Client, { sid, generation }: { sid: string; generation: number }) => {
    const idempotencyKey = client.sendsIdempotencyKey ? `${client.process.name}:${sid}:${generation}` : null
    const presented = { sid, generation, idempotencyKey, isReplayed: false }
    if (random.happens(0.2)) copies.push({ ...presented, idempotencyKey: null, isReplayed: true })
    checker.renewals.presented(presented)
    call(client, (replica, reply) =>
      renew(replica, presented, renewed => {
        handleResult(replica, presented, renewed)
        reply(() => {
          if (client.held?.sid !== sid || client.held.generation !== generation) return
          client.held = next(client.held, renewed)
        })
      }),
    )
  }
  const next = (held: { sid: string; generation: number }, renewed: RenewalResult) => {
    if (!('kind' in renewed)) return { sid: held.sid, generation: held.generation + 1 }
    return renewed.kind === 'locked' ? held : null
  }

  const act = (client: Client) => {
    if (client.held === null) logInClient(client)
    else renewClient(client, client.held)
    processes.later(client.process, random.between(40, 500), () => act(client))
  }

  const replay = () => {
    const token = copies.shift()
    if (token !== undefined) {
      const replica = random.pick(replicas)
      renew(replica, token, renewed => handleResult(replica, token, renewed))
    }
    timeline.after(random.between(100, 600), replay)
  }

  for (const user of users) {
    for (const device of ['phone', 'desk']) {
      const client = {
        process: newProcess(`${user}-${device}`),
        user,
        held: null,
        sendsIdempotencyKey: device === 'phone',
      }
      processes.later(client.process, random.between(0, 100), () => act(client))
    }
  }
  startRevoking(world, { replicas, sids })
  timeline.after(random.between(200, 800), replay)
}
