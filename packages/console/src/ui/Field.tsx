/** A labelled input with its hint and its error. */
import { useId } from 'preact/hooks'

export interface FieldProps {
  label: string
  type?: 'text' | 'email' | 'password' | 'search' | 'number' | 'datetime-local'
  name?: string
  autocomplete?: string
  placeholder?: string
  required?: boolean
  autofocus?: boolean
  maxLength?: number
  value: string
  hint?: string | undefined
  error?: string | undefined
  onText?: (text: string) => void
}

export function Field({ label, hint, error, onText, type = 'text', ...input }: FieldProps) {
  const id = useId()
  // Preact's types tie each input type to its own attributes.
  const attributes: object = { ...input, type }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...attributes}
        id={id}
        aria-invalid={error !== undefined}
        aria-describedby={hint || error ? `${id}-hint` : undefined}
        onInput={({ currentTarget }) => onText?.(currentTarget.value)}
      />
      {(error ?? hint) && (
        <small id={`${id}-hint`} class={error ? 'error' : ''}>
          {error ?? hint}
        </small>
      )}
    </div>
  )
}
