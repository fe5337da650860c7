/** The checker itself: small histories, each with one thing wrong, and the same without it. */
import { readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import t from 'tap'
import { check, type Promised } from '../../src/chaos/checker.ts'
import { keepEvidence } from '../../src/chaos/evidence.ts'
import type { Fault, Happening, Login, Request, Revocation, Rotation } from '../../src/chaos/history.ts'

const bounds = { leaseMs: 3000, marginMs: 500, retryWindowMs: 30_000, slackMs: 2000 }
const ada = { sid: 's1', user: 'ada' }

const at = (startMs: number, endMs = startMs + 10) => ({ startMs, endMs })
const login = (over: Partial<Login> = {}): Login => ({ kind: 'login', ...ada, told: 'ok', ...at(0), ...over })
const request = (over: Partial<Request> = {}): Request => ({
  ...{ kind: 'request', resource: 'resource-1', ...ada, told: 'ok', ...at(1000) },
  ...over,
})
const rotation = (over: Partial<Rotation> = {}): Rotation => ({
  ...{
    kind: 'rotation',
    ...ada,
    told: 'ok',
    firstMs: 1000,
    hasKey: false,
    presented: 'a',
    successor: 'b',
    ...at(1000),
  },
  ...over,
})
const revocation = (over: Partial<Revocation> = {}): Revocation => ({
  ...{ kind: 'revocation', act: 'end-one', ...ada, auth: 'auth-1', standing: 'in-force', told: 'ok', waitedMs: 5 },
  ...at(500),
  ...over,
})
const fault = (over: Partial<Fault> = {}): Fault => ({
  ...{ kind: 'fault', fault: 'auth-killed', targets: ['auth-1'], ...at(450, 480) },
  ...over,
})
const unknown = { standing: 'unknown', told: 'no-answer', waitedMs: 0 } as const

const cases: [name: string, broken: Promised[], history: Happening[]][] = [
  ['a session that nobody touches', [], [login(), request(), rotation()]],
  ['admitted after inForce', ['SAFE'], [login(), revocation(), request()]],
  ['admitted, but asked before the answer', [], [login(), revocation(at(500, 1001)), request()]],
  ['admitted, but nobody was told that it is in force', [], [login(), revocation(unknown), fault(), request()]],
  ['renewed after the revocation was answered', ['SAFE'], [login(), revocation(), rotation()]],
  ['admitted after everyone was revoked', ['SAFE'], [login(), revocation({ act: 'global', user: null }), request()]],
  ['everyone of before, not of after', [], [login(at(600)), revocation({ act: 'global', user: null }), request()]],
  ['the session that stays, stays', [], [login(), revocation({ act: 'end-others' }), request()]],
  ['the other session', ['SAFE'], [login(), revocation({ act: 'end-others', sid: 's2' }), request()]],
  ['ended, and nobody did it', ['JUST'], [login(), request({ told: 'session-ended' })]],
  ['ended by somebody', [], [login(), revocation(), request({ told: 'session-ended' })]],
  ['ended before anybody began to', ['JUST'], [login(), revocation(at(2000)), request({ told: 'session-ended' })]],
  [
    'ended by what is carried out late',
    [],
    [login(at(600)), late('end-all'), fault(), request({ told: 'session-ended' })],
  ],
  ['ended by what was before it', ['JUST'], [revocation({ act: 'end-all' }), login(at(600)), renewalEnded()]],
  ['disabled, and nobody did it', ['JUST'], [login(), request({ told: 'account-disabled' })]],
  ['disabled by somebody', [], [login(), revocation({ act: 'disable' }), request({ told: 'account-disabled' })]],
  [
    'disabled although enabled again',
    ['JUST'],
    [login(), ...disabledAndEnabled(), request({ told: 'account-disabled' })],
  ],
  ['enabled, though it was not disabled', [], [login(), revocation({ act: 'enable' }), request(), rotation()]],
  ['a right password called wrong', ['JUST'], [login({ sid: null, told: 'credentials-invalid' })]],
  ['a retry called theft', ['HONEST'], [login(), rotation({ told: 'refresh-reused', successor: null })]],
  ['a retry beyond the window', [], [login(), tooLate({ hasKey: false })]],
  ['a retry with its key, however late', ['HONEST'], [login(), tooLate({ hasKey: true })]],
  ['two successors', ['HONEST'], [login(), rotation(), rotation({ successor: 'c' })]],
  ['a barrier that takes too long', ['LIVE'], [login(), revocation({ waitedMs: 6000, ...at(500, 6600) })]],
  ['a barrier without a database', [], [login(), revocation({ waitedMs: 6000, ...at(500, 6600) }), noDatabase()]],
  ['a revocation without an answer', ['LIVE'], [login(), revocation(unknown)]],
  ['a revocation whose replica died', [], [login(), revocation(unknown), fault()]],
  ['one whose replica lived', ['LIVE'], [login(), revocation({ ...unknown, auth: 'auth-2' }), fault()]],
  ['not in force, for no reason', ['LIVE'], [login(), revocation({ standing: 'not-yet' })]],
  ['an answer that nobody should get', ['FORESEEN'], [login(), request({ told: 'internal-error' })]],
  ['a process that ends by itself', ['RECOVERS'], [{ kind: 'death', target: 'auth-1', lastWords: [], ...at(1) }]],
  [
    'a process that does not come back',
    ['RECOVERS'],
    [{ kind: 'recovery', target: 'auth-1', isServing: false, ...at(1) }],
  ],
]
for (const [name, broken, happenings] of cases) {
  const found = check({ happenings, bounds }).map(({ promise }) => promise)
  t.same(found, broken, name)
}

t.test('the evidence of a broken promise is kept in a file: the history, and what is wrong with it', async t => {
  const happenings = [login(), revocation(), request()]
  const history = { happenings, bounds }
  const violations = check(history)
  const files = [keepEvidence(7, history, violations), keepEvidence(7, history, violations)]
  t.teardown(() => files.map(file => rmSync(dirname(file), { recursive: true })))
  t.not(files[0], files[1], 'each run has its own')
  for (const file of files) {
    const kept = JSON.parse(readFileSync(file, 'utf8'))
    t.match(kept, { seed: 7, history: { happenings }, violations: [{ promise: 'SAFE' }] })
    t.match(kept.report.join(), 'violations')
  }
})

function late(act: 'end-all'): Revocation {
  return revocation({ act, ...unknown })
}

function renewalEnded(): Rotation {
  return rotation({ told: 'session-ended', successor: null })
}

function disabledAndEnabled(): Revocation[] {
  return [revocation({ act: 'disable' }), revocation({ act: 'enable', ...at(600) })]
}

function tooLate(over: Partial<Rotation>): Rotation {
  return rotation({ told: 'refresh-reused', successor: null, ...at(1000, 32_000), ...over })
}

function noDatabase(): Fault {
  return fault({ fault: 'postgres-killed', targets: ['postgres'], ...at(1000, 2000) })
}
