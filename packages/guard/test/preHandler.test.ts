/** The second decision, immediately before the handler: the body can arrive long after the headers. */
import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { ProblemCode } from '@gatehouse/contract'
import t from 'tap'
import { type Guarded, readyService } from './helpers/guardedApp.ts'

interface SlowRequest {
  socket: Socket
  /** Sends the rest of the body. @returns the problem's code, or `handled` */
  finish: () => Promise<ProblemCode | 'handled'>
}

/** Starts a POST with half of its body, and waits until the guard has accepted its headers. */
async function startSlow(service: Guarded, token: string): Promise<SlowRequest> {
  const { port } = service.app.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  const accepted = service.nextAccepted()
  const headers = ['host: x', `authorization: Bearer ${token}`, 'content-type: application/json', 'content-length: 10']
  socket.write(`POST /act HTTP/1.1\r\n${headers.join('\r\n')}\r\nconnection: close\r\n\r\n{"a":`)
  await accepted
  const finish = async () => {
    socket.write('true}')
    const response = await text(socket)
    return (/"code":"([\w-]+)"/.exec(response)?.[1] ??
      (response.includes('done') ? 'handled' : response)) as ProblemCode
  }
  return { socket, finish }
}

t.test('slow body: a session that is revoked while the body arrives never reaches the handler', async t => {
  const service = await readyService(t)
  const sid = randomUUID()
  const request = await startSlow(service, service.token({ sid }))
  const acknowledged = service.auth.nextPoll(({ after }) => after === 1)
  service.auth.revoke({ subject: sid })
  await acknowledged
  t.equal(await request.finish(), 'session-ended')
  t.equal(service.handled(), 0)
})

t.test('slow body: a lease that ends while the body arrives is revocation-unknown', async t => {
  const service = await readyService(t)
  const request = await startSlow(service, service.token({ exp: service.clock.wallMs() / 1000 + 300 }))
  service.auth.mode = 'down'
  service.auth.release()
  await service.clock.advance(15_000)
  t.equal(await request.finish(), 'revocation-unknown')
  t.equal(service.handled(), 0)
})

t.test('slow body: a token that expires while the body arrives is token-expired', async t => {
  const service = await readyService(t, { clockToleranceMs: 0 })
  const request = await startSlow(service, service.token({ exp: service.clock.wallMs() / 1000 + 2 }))
  await service.clock.advance(2000)
  t.equal(await request.finish(), 'token-expired')
})

t.test('slow body: a session that stays active reaches the handler', async t => {
  const service = await readyService(t)
  const request = await startSlow(service, service.token())
  service.auth.revoke({ subject: randomUUID() })
  await service.clock.advance(3)
  t.equal(await request.finish(), 'handled')
  t.equal(service.handled(), 1)
})
