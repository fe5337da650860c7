/** A form that sends once at a time, and says why the service refused it. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Problem } from './Problem.tsx'

/** By name of the field; a box that is not checked is absent. */
export type Values = Record<string, string>

export interface FormProps {
  class?: string
  button: string
  /** Before it. */
  otherButton?: ComponentChildren
  /** Of the button. */
  tone?: 'danger' | 'wide'
  /** What to do next after an error, where the form knows more than the code says. */
  nextOf?: (error: unknown) => string | undefined
  /** @param form to be reset, where it stays after a success */
  onSubmit: (values: Values, form: HTMLFormElement) => unknown
  /** Receives the error, which names refused fields. */
  children: (error: unknown) => ComponentChildren
}

export function Form({ class: name = 'steps', button, otherButton, tone, nextOf, onSubmit, children }: FormProps) {
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    setBusy(true)
    setError(undefined)
    try {
      await onSubmit(Object.fromEntries(new FormData(form)) as Values, form)
    } catch (failure) {
      setError(failure)
    }
    setBusy(false)
  }
  return (
    <form class={name} onSubmit={submit}>
      <Problem error={error} next={nextOf?.(error)} />
      {children(error)}
      <footer>
        {otherButton}
        <button type="submit" class={`button primary ${tone ?? ''}`} disabled={isBusy}>
          {button}
          {isBusy && '…'}
        </button>
      </footer>
    </form>
  )
}
