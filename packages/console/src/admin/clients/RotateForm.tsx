/** How long the old secret stays valid. */
import type { ClientView } from '@gatehouse/contract'
import { useId, useState } from 'preact/hooks'
import { SubmitFooter } from '../../ui/SubmitFooter.tsx'
import type { Action } from '../drawer/action.ts'
import { rotateAction } from './clientActions.tsx'

const overlaps: [seconds: number, text: string][] = [
  [3600, 'One hour'],
  [86_400, 'One day'],
  [604_800, 'One week'],
  [0, 'None: refuse the old secret at once'],
]

export interface RotateFormProps {
  client: ClientView
  onSubmit: (action: Omit<Action, 'onDone'>) => void
}

export function RotateForm({ client, onSubmit }: RotateFormProps) {
  const id = useId()
  const [seconds, setSeconds] = useState(3600)
  return (
    <form
      class="steps"
      onSubmit={event => {
        event.preventDefault()
        onSubmit(rotateAction(client, seconds))
      }}
    >
      <div class="field">
        <label for={id}>How long the old secret is still accepted</label>
        <select id={id} value={seconds} onChange={({ currentTarget }) => setSeconds(Number(currentTarget.value))}>
          {overlaps.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
        <small>Choose long enough to give the new secret to every process.</small>
      </div>
      <SubmitFooter text="Review" />
    </form>
  )
}
