/** Ends sessions by criteria, with the number that they match while they are typed. */
import type { BulkPreview, Receipt, SessionCriteria } from '@gatehouse/contract'
import { useEffect, useState } from 'preact/hooks'
import { call, soon } from '../../api.ts'
import { plural } from '../../format.ts'
import { Field, onText } from '../../ui/Field.tsx'
import { Problem } from '../../ui/Problem.tsx'
import { begin, endedEffect, receiptOf } from '../drawer/action.ts'
import { StreamsEffect } from '../drawer/StreamsEffect.tsx'
import { type CriteriaText, criteriaOf, emptyCriteria } from './criteria.ts'

/** Waits until the typing pauses. */
const pauseMs = 300

interface Preview {
  criteria?: SessionCriteria
  counted?: BulkPreview
  error?: unknown
}

export function Sessions() {
  const [text, setText] = useState(emptyCriteria)
  const criteria = criteriaOf(text)
  const [preview, countAgain] = usePreview(criteria)
  const { counted, error } = preview
  const isCurrent = JSON.stringify(preview.criteria) === JSON.stringify(criteria)
  const field = (name: keyof CriteriaText) => ({
    value: text[name],
    name,
    autocomplete: 'off',
    onInput: onText(value => setText({ ...text, [name]: value })),
  })
  return (
    <>
      <h1>Sessions</h1>
      <p class="muted">Name the sessions to end. All criteria must match.</p>
      <form
        class="card pad"
        onSubmit={event => {
          event.preventDefault()
          if (criteria && counted && isCurrent) endMatching(criteria, counted, countAgain)
        }}
      >
        <div class="grid">
          <Field label="Network" placeholder="203.0.113.0/24" hint="An address, or a network." {...field('network')} />
          <Field label="Device" placeholder="laptop" hint="A part of its name." {...field('device')} />
          <Field label="Client" placeholder="first-party" {...field('client')} />
          <Field label="Logged in before" type="datetime-local" {...field('createdBefore')} />
          <Field label="Accounts" placeholder="ids, with spaces" {...field('accounts')} />
        </div>
        <Problem error={error} />
        <footer class="preview">
          <p role="status" aria-live="polite" class={isCurrent ? '' : 'muted'}>
            {criteria === undefined ? (
              'No criterion yet.'
            ) : counted ? (
              <Counted {...counted} />
            ) : error ? (
              ''
            ) : (
              'Counting…'
            )}
          </p>
          <button
            type="submit"
            class="button primary danger"
            disabled={!isCurrent || counted === undefined || counted.sessions === 0}
          >
            End matching sessions
          </button>
        </footer>
      </form>
    </>
  )
}

function Counted({ sessions, accounts, estimated, includesCurrentSession }: BulkPreview) {
  return (
    <>
      {estimated ? 'Matches about' : 'Matches'} <strong class="num">{plural(sessions, 'session')}</strong> of{' '}
      <strong class="num">{plural(accounts, 'account')}</strong>
      {includesCurrentSession ? ', including the session that you are using.' : '.'}
    </>
  )
}

function usePreview(criteria: SessionCriteria | undefined): [Preview, () => void] {
  const [preview, setPreview] = useState<Preview>({})
  const [turn, setTurn] = useState(0)
  const key = JSON.stringify(criteria)
  useEffect(() => {
    if (criteria === undefined) return setPreview({})
    let isLatest = true
    const timer = setTimeout(() => {
      call<BulkPreview>('admin/sessions/end', { method: 'POST', body: { criteria, dryRun: true } }).then(
        ({ data }) => isLatest && setPreview({ criteria, counted: data }),
        error => isLatest && setPreview({ criteria, error }),
      )
    }, pauseMs)
    return () => {
      isLatest = false
      clearTimeout(timer)
    }
  }, [key, turn])
  return [preview, () => setTurn(value => value + 1)]
}

function endMatching(criteria: SessionCriteria, counted: BulkPreview, onDone: () => void): void {
  const { sessions, accounts, includesCurrentSession } = counted
  begin({
    title: 'End matching sessions',
    button: `End ${plural(sessions, 'session')}`,
    isDangerous: true,
    effects: [
      `Ends ${plural(sessions, 'session')} of ${plural(accounts, 'account')}. Later log-ins are not affected.`,
      endedEffect,
      <StreamsEffect key="streams" />,
      ...(includesCurrentSession ? ['Your own session is one of them: you will be logged out.'] : []),
    ],
    ...(includesCurrentSession ? { confirmation: 'myself', endsOwnSession: true } : {}),
    send: async ({ reason }) => {
      const body = { criteria, reason, ...(includesCurrentSession ? { confirm: 'myself' } : {}) }
      return receiptOf(await call<Receipt>('admin/sessions/end', { method: 'POST', body, headers: soon }))
    },
    onDone,
  })
}
