/** Every problem that a page can show says, in the words of the table, what happened, and what the user does next. */
import { type ProblemCode, ProblemError, type ProblemOf, problems } from '@gatehouse/client'
import t from 'tap'
import { endedText, errorText } from '../src/texts.ts'

const textOf = (code: ProblemCode) =>
  errorText(new ProblemError({ ...problems[code], code, requestId: 'r-1' } as unknown as ProblemOf<ProblemCode>))

for (const code of Object.keys(problems) as ProblemCode[]) {
  t.test(`${code}: the title of the table, a next step, and the id of the request`, async t => {
    const { title, next, requestId } = textOf(code)
    t.equal(title, problems[code].title)
    t.match(next, /^[A-Z].*\.$/)
    t.equal(requestId, 'r-1')
  })
}

t.test('each code that stops has a next step of its own: repeating would not help', async t => {
  const codes = Object.entries(problems).filter(([, { action }]) => action === 'stop')
  for (const [code] of codes) t.notMatch(textOf(code as ProblemCode).next, /^Change the request/, code)
  const conflicts = Object.entries(problems).filter(([, { status, action }]) => status === 409 && action === 'stop')
  const steps = conflicts.map(([code]) => textOf(code as ProblemCode).next)
  t.equal(new Set(steps).size, conflicts.length, 'no two conflicts have the same one')
})

t.test('each code that ends a session has its title on the log-in page', async t => {
  for (const code of ['session-ended', 'session-expired', 'refresh-reused', 'account-disabled'] as const) {
    t.equal(endedText(code).title, problems[code].title)
    t.match(endedText(code).next, /\.$/)
  }
})

t.test('no answer: the page says that the user stays signed in', async t => {
  t.match(errorText(new TypeError('fetch failed')), { title: /does not answer/, next: /stay signed in/ })
})
