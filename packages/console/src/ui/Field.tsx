/** A labelled input with its hint and its error. */
import { isProblem } from '@gatehouse/client'

export interface FieldProps {
  label: string
  type?: 'text' | 'email' | 'password' | 'datetime-local'
  /** Also the id of the input: no two fields that show together have the same. */
  name: string
  autocomplete?: string
  placeholder?: string
  required?: boolean
  autofocus?: boolean
  maxLength?: number
  /** What the input starts with. */
  defaultValue?: string | undefined
  value?: string
  hint?: string | undefined
  /** Of the form; its reason for this field replaces the hint. */
  error?: unknown
  onInput?: (event: InputEvent & { currentTarget: HTMLInputElement }) => void
}

export function Field({ label, hint, error, type = 'text', ...input }: FieldProps) {
  const { name } = input
  // Preact's types tie each input type to its own attributes.
  const attributes: object = { ...input, type }
  const reason = isProblem(error) && error.problem.fields?.find(({ field }) => field === `body/${name}`)?.reason
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input {...attributes} id={name} aria-invalid={!!reason} aria-describedby={`${name}-hint`} />
      <small id={`${name}-hint`} class={reason ? 'error' : ''}>
        {reason || hint}
      </small>
    </div>
  )
}

/** For a field whose text the page follows. */
export const onText =
  (use: (text: string) => void): NonNullable<FieldProps['onInput']> =>
  ({ currentTarget }) =>
    use(currentTarget.value)

/** The rules of new passwords in a sentence; the service names each broken rule. */
export function NewPassword({ error }: { error: unknown }) {
  return (
    <Field
      label="New password"
      type="password"
      name="newPassword"
      autocomplete="new-password"
      required
      hint="At least 15 characters that are hard to guess. A few random words are good."
      error={error}
    />
  )
}

export function Checkbox({ name, label }: { name: string; label: string }) {
  return (
    <label class="check">
      <input type="checkbox" name={name} defaultChecked />
      {label}
    </label>
  )
}
