/** The checker on small histories: each promise broken once, and kept in a similar history. */
import { readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import t from 'tap'
import { check, type Promised } from '../../src/chaos/checker.ts'
import { writeEvidence } from '../../src/chaos/evidence.ts'
import type {
  Fault,
  HistoryEvent,
  Login,
  MissingSession,
  Probe,
  Renewal,
  Request,
  Revocation,
} from '../../src/chaos/history.ts'

const bounds = { leaseMs: 3000, marginMs: 500, retryWindowMs: 30_000, slackMs: 2000 }
const ada = { sid: 's1', user: 'ada' }

const span = (startMs: number, endMs = startMs + 10) => ({ startMs, endMs })
const login = (over: Partial<Login> = {}): Login => ({ kind: 'login', ...ada, result: 'ok', ...span(0), ...over })
const request = (over: Partial<Request> = {}): Request => {
  return { kind: 'request', sentMs: null, resource: 'resource-1', ...ada, result: 'ok', ...span(1000), ...over }
}
const renewal = (over: Partial<Renewal> = {}): Renewal => {
  const tokens = { firstMs: 1000, sentMs: null, hasKey: false, presented: 'a', successor: 'b' }
  return { kind: 'renewal', ...ada, result: 'ok', ...tokens, ...span(1000), ...over }
}
const revocation = (over: Partial<Revocation> = {}): Revocation => {
  const answer = { auth: 'auth-1', barrierResult: 'in-force', result: 'ok', waitedMs: 5 } as const
  return { kind: 'revocation', method: 'end-one', ...ada, ...answer, ...span(500), ...over }
}
const fault = (over: Partial<Fault> = {}): Fault => {
  return { kind: 'fault', fault: 'auth-killed', targets: ['auth-1'], ...span(450, 480), ...over }
}
const probe = (result: string): Probe => {
  return { kind: 'probe', target: 'auth-1', path: '/me', result, ...span(460, 7000) }
}
const by = (method: Revocation['method'], over: Partial<Revocation> = {}) => revocation({ method, ...over })
const global = by('global', { user: null })
const refused = (result: string) => request({ result })
const unknown = { barrierResult: 'unknown', result: 'no-answer', waitedMs: 0 } as const

const lateBarrier = revocation({ waitedMs: 6000, ...span(500, 6600) })
/** Begins before the revocation at 500 ms. */
const slow = (sentMs: number) => request({ ...span(400, 1000), sentMs })
const slowRenewal = renewal({ ...span(400, 1000), sentMs: 900 })
const renewalEnded = renewal({ result: 'session-ended', successor: null })
const reused = (over: Partial<Renewal> = {}) => renewal({ result: 'refresh-reused', successor: null, ...over })
const beyondWindow = span(1000, 32_000)
const missingSession: MissingSession = { kind: 'missing-session', ...ada, ...span(1000) }
const silence = fault({ fault: 'connections-silent' })
const noDatabase = fault({ fault: 'postgres-killed', targets: ['postgres'], ...span(1000, 2000) })
const atEnd = { target: 'auth-1', ...span(1) }

const cases: [name: string, broken: Promised[], history: HistoryEvent[]][] = [
  ['a session without a revocation is admitted and renewed', [], [login(), request(), renewal()]],
  ['a request is admitted after inForce', ['SAFE'], [login(), revocation(), request()]],
  ['a request that started before the receipt is admitted', [], [login(), revocation(span(500, 1001)), request()]],
  [
    'a request is admitted after a revocation without an answer',
    [],
    [login(), revocation(unknown), fault(), request()],
  ],
  ['a slow body that ends after inForce is admitted', ['SAFE'], [login(), revocation(), slow(900)]],
  ['a slow body that ends before inForce is admitted', [], [login(), revocation(), slow(490)]],
  ['a slow renewal that ends after the revocation succeeds', ['SAFE'], [login(), revocation(), slowRenewal]],
  ['a renewal succeeds after the revocation was answered', ['SAFE'], [login(), revocation(), renewal()]],
  ['a request is admitted after a global revocation', ['SAFE'], [login(), global, request()]],
  ['a session begun after a global revocation is admitted', [], [login(span(600)), global, request()]],
  ['the session that end-others keeps is admitted', [], [login(), by('end-others'), request()]],
  ['a session that end-others ends is admitted', ['SAFE'], [login(), by('end-others', { sid: 's2' }), request()]],
  ['session-ended without a revocation', ['JUST'], [login(), refused('session-ended')]],
  ['session-ended after a revocation', [], [login(), revocation(), refused('session-ended')]],
  [
    'session-ended before the revocation was sent',
    ['JUST'],
    [login(), revocation(span(2000)), refused('session-ended')],
  ],
  [
    'session-ended by a revocation that commits after its time-out',
    [],
    [login(span(600)), by('end-all', unknown), fault(), refused('session-ended')],
  ],
  ['session-ended by an end-all that preceded the log-in', ['JUST'], [by('end-all'), login(span(600)), renewalEnded]],
  ['a session that another revocation has ended is not found', [], [login(), revocation(), missingSession]],
  ['a session is not found without a revocation', ['JUST'], [login(), missingSession]],
  ['account-disabled without a disable', ['JUST'], [login(), refused('account-disabled')]],
  ['account-disabled after a disable', [], [login(), by('disable'), refused('account-disabled')]],
  [
    'account-disabled after the enable is in force',
    ['JUST'],
    [login(), by('disable'), by('enable', span(600)), refused('account-disabled')],
  ],
  ['an enable of an enabled account ends no session', [], [login(), by('enable'), request(), renewal()]],
  ['a correct password is rejected', ['JUST'], [login({ sid: null, result: 'credentials-invalid' })]],
  ['a retry is answered with refresh-reused', ['HONEST'], [login(), reused()]],
  ['a retry without a key beyond the window', [], [login(), reused(beyondWindow)]],
  ['a retry with its key beyond the window', ['HONEST'], [login(), reused({ ...beyondWindow, hasKey: true })]],
  ['one token has two successors', ['HONEST'], [login(), renewal(), renewal({ successor: 'c' })]],
  ['a barrier exceeds lease and margin', ['LIVE'], [login(), lateBarrier]],
  ['a barrier exceeds lease and margin while PostgreSQL is down', [], [login(), lateBarrier, noDatabase]],
  ['a revocation gets no answer', ['LIVE', 'BOUNDED'], [login(), revocation(unknown)]],
  ['a revocation gets no answer while its replica is killed', [], [login(), revocation(unknown), fault()]],
  [
    'a revocation gets no answer while another replica is killed',
    ['LIVE', 'BOUNDED'],
    [login(), revocation({ ...unknown, auth: 'auth-2' }), fault()],
  ],
  ['a revocation gets no answer while connections are silent', ['BOUNDED'], [login(), revocation(unknown), silence]],
  [
    'a revocation is answered with unavailable while connections are silent',
    [],
    [login(), revocation({ ...unknown, result: 'unavailable' }), silence],
  ],
  ['a probe gets no answer while connections are silent', ['BOUNDED'], [probe('no-answer'), silence]],
  ['a probe gets no answer while its replica is killed', [], [probe('no-answer'), fault()]],
  ['a probe is answered with unavailable', [], [probe('unavailable'), silence]],
  [
    'a revocation is not in force although there is no fault',
    ['LIVE'],
    [login(), revocation({ barrierResult: 'not-yet' })],
  ],
  ['an answer is not among the expected codes', ['EXPECTED'], [login(), refused('internal-error')]],
  ['a process exits unexpectedly', ['RECOVERS'], [{ kind: 'unexpected-exit', lastLog: [], ...atEnd }]],
  ['a process does not serve after the last fault', ['RECOVERS'], [{ kind: 'recovery', isServing: false, ...atEnd }]],
]
for (const [name, lostConnections, events] of cases) {
  const brokenPromises = check({ events, bounds }).map(({ promise }) => promise)
  t.same(brokenPromises, lostConnections, `check: ${name}`)
}

t.test('writeEvidence: writes history and violations to a new file for every run', async t => {
  const events = [login(), revocation(), request()]
  const history = { events, bounds }
  const violations = check(history)
  const files = [writeEvidence(7, history, violations), writeEvidence(7, history, violations)]
  t.teardown(() => files.map(file => rmSync(dirname(file), { recursive: true })))
  t.not(files[0], files[1], 'two runs have two files')
  for (const file of files) {
    const kept = JSON.parse(readFileSync(file, 'utf8'))
    t.match(kept, { seed: 7, history: { events }, violations: [{ promise: 'SAFE' }] })
    t.match(kept.report.join(), 'violations')
  }
})
