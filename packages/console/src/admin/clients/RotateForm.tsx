/** How long the old secret stays valid. */
import type { ClientView } from '@gatehouse/contract'
import { Form } from '../../ui/Form.tsx'
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
  return (
    <Form button="Review" onSubmit={({ seconds }) => onSubmit(rotateAction(client, Number(seconds)))}>
      {() => (
        <div class="field">
          <label for="seconds">How long the old secret is still accepted</label>
          <select id="seconds" name="seconds">
            {overlaps.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
          <small>Choose long enough to give the new secret to every process.</small>
        </div>
      )}
    </Form>
  )
}
