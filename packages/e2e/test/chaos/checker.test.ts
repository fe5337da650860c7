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
const request = (over: Partial<Request> = {}): Request => ({
  kind: 'request',
  sentMs: null,
  resource: 'resource-1',
  ...ada,
  result: 'ok',
  ...span(1000),
  ...over,
})
const renewal = (over: Partial<Renewal> = {}): Renewal => ({
  kind: 'renewal',
  ...ada,
  result: 'ok',
  firstMs: 1000,
  sentMs: null,
  hasKey: false,
  presented: 'a',
  successor: 'b',
  ...span(1000),
  ...over,
})
const revocation = (over: Partial<Revocation> = {}): Revocation => ({
  kind: 'revocation',
  method: 'end-one',
  ...ada,
  auth: 'auth-1',
  barrierResult: 'in-force',
  result: 'ok',
  waitedMs: 5,
  ...span(500),
  ...over,
})
const fault = (over: Partial<Fault> = {}): Fault => ({
  kind: 'fault',
  fault: 'auth-killed',
  targets: ['auth-1'],
  ...span(450, 480),
  ...over,
})
const unknown = { barrierResult: 'unknown', result: 'no-answer', waitedMs: 0 } as const

const cases: [name: string, broken: Promised[], history: HistoryEvent[]][] = [
  ['a session without a revocation is admitted and renewed', [], [login(), request(), renewal()]],
  ['a request is admitted after inForce', ['SAFE'], [login(), revocation(), request()]],
  ['a request that started before the receipt is admitted', [], [login(), revocation(span(500, 1001)), request()]],
  [
    'a request is admitted after a revocation without an answer',
    [],
    [login(), revocation(unknown), fault(), request()],
  ],
  ['a slow body that ends after inForce is admitted', ['SAFE'], [login(), revocation(), slow({ sentMs: 900 })]],
  ['a slow body that ends before inForce is admitted', [], [login(), revocation(), slow({ sentMs: 490 })]],
  ['a slow renewal that ends after the revocation succeeds', ['SAFE'], [login(), revocation(), slowRenewal()]],
  ['a renewal succeeds after the revocation was answered', ['SAFE'], [login(), revocation(), renewal()]],
  [
    'a request is admitted after a global revocation',
    ['SAFE'],
    [login(), revocation({ method: 'global', user: null }), request()],
  ],
  [
    'a session begun after a global revocation is admitted',
    [],
    [login(span(600)), revocation({ method: 'global', user: null }), request()],
  ],
  ['the session that end-others keeps is admitted', [], [login(), revocation({ method: 'end-others' }), request()]],
  [
    'a session that end-others ends is admitted',
    ['SAFE'],
    [login(), revocation({ method: 'end-others', sid: 's2' }), request()],
  ],
  ['session-ended without a revocation', ['JUST'], [login(), request({ result: 'session-ended' })]],
  ['session-ended after a revocation', [], [login(), revocation(), request({ result: 'session-ended' })]],
  [
    'session-ended before the revocation was sent',
    ['JUST'],
    [login(), revocation(span(2000)), request({ result: 'session-ended' })],
  ],
  [
    'session-ended by a revocation that commits after its time-out',
    [],
    [login(span(600)), unanswered('end-all'), fault(), request({ result: 'session-ended' })],
  ],
  [
    'session-ended by an end-all that preceded the log-in',
    ['JUST'],
    [revocation({ method: 'end-all' }), login(span(600)), renewalEnded()],
  ],
  ['a session that another revocation has ended is not found', [], [login(), revocation(), missingSession()]],
  ['a session is not found without a revocation', ['JUST'], [login(), missingSession()]],
  ['account-disabled without a disable', ['JUST'], [login(), request({ result: 'account-disabled' })]],
  [
    'account-disabled after a disable',
    [],
    [login(), revocation({ method: 'disable' }), request({ result: 'account-disabled' })],
  ],
  [
    'account-disabled after the enable is in force',
    ['JUST'],
    [login(), ...disabledAndEnabled(), request({ result: 'account-disabled' })],
  ],
  [
    'an enable of an enabled account ends no session',
    [],
    [login(), revocation({ method: 'enable' }), request(), renewal()],
  ],
  ['a correct password is rejected', ['JUST'], [login({ sid: null, result: 'credentials-invalid' })]],
  [
    'a retry is answered with refresh-reused',
    ['HONEST'],
    [login(), renewal({ result: 'refresh-reused', successor: null })],
  ],
  ['a retry without a key beyond the window', [], [login(), beyondWindow({ hasKey: false })]],
  ['a retry with its key beyond the window', ['HONEST'], [login(), beyondWindow({ hasKey: true })]],
  ['one token has two successors', ['HONEST'], [login(), renewal(), renewal({ successor: 'c' })]],
  ['a barrier exceeds lease and margin', ['LIVE'], [login(), revocation({ waitedMs: 6000, ...span(500, 6600) })]],
  [
    'a barrier exceeds lease and margin while PostgreSQL is down',
    [],
    [login(), revocation({ waitedMs: 6000, ...span(500, 6600) }), noDatabase()],
  ],
  ['a revocation gets no answer', ['LIVE', 'BOUNDED'], [login(), revocation(unknown)]],
  ['a revocation gets no answer while its replica is killed', [], [login(), revocation(unknown), fault()]],
  [
    'a revocation gets no answer while another replica is killed',
    ['LIVE', 'BOUNDED'],
    [login(), revocation({ ...unknown, auth: 'auth-2' }), fault()],
  ],
  ['a revocation gets no answer while connections are silent', ['BOUNDED'], [login(), revocation(unknown), silence()]],
  [
    'a revocation is answered with unavailable while connections are silent',
    [],
    [login(), revocation({ ...unknown, result: 'unavailable' }), silence()],
  ],
  ['a probe gets no answer while connections are silent', ['BOUNDED'], [probe('no-answer'), silence()]],
  ['a probe gets no answer while its replica is killed', [], [probe('no-answer'), fault()]],
  ['a probe is answered with unavailable', [], [probe('unavailable'), silence()]],
  [
    'a revocation is not in force although there is no fault',
    ['LIVE'],
    [login(), revocation({ barrierResult: 'not-yet' })],
  ],
  ['an answer is not among the expected codes', ['EXPECTED'], [login(), request({ result: 'internal-error' })]],
  [
    'a process exits unexpectedly',
    ['RECOVERS'],
    [{ kind: 'unexpected-exit', target: 'auth-1', lastLog: [], ...span(1) }],
  ],
  [
    'a process does not serve after the last fault',
    ['RECOVERS'],
    [{ kind: 'recovery', target: 'auth-1', isServing: false, ...span(1) }],
  ],
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

function unanswered(method: 'end-all'): Revocation {
  return revocation({ method, ...unknown })
}

function renewalEnded(): Renewal {
  return renewal({ result: 'session-ended', successor: null })
}

function disabledAndEnabled(): Revocation[] {
  return [revocation({ method: 'disable' }), revocation({ method: 'enable', ...span(600) })]
}

function beyondWindow(over: Partial<Renewal>): Renewal {
  return renewal({ result: 'refresh-reused', successor: null, ...span(1000, 32_000), ...over })
}

/** Begins before the revocation at 500 ms. */
function slow({ sentMs }: { sentMs: number }): Request {
  return request({ ...span(400, 1000), sentMs })
}

function slowRenewal(): Renewal {
  return renewal({ ...span(400, 1000), sentMs: 900 })
}

function missingSession(): MissingSession {
  return { kind: 'missing-session', ...ada, ...span(1000) }
}

function probe(result: string): Probe {
  return { kind: 'probe', target: 'auth-1', path: '/me', result, ...span(460, 7000) }
}

function silence(): Fault {
  return fault({ fault: 'connections-silent' })
}

function noDatabase(): Fault {
  return fault({ fault: 'postgres-killed', targets: ['postgres'], ...span(1000, 2000) })
}
