/** Step-up: asks for the password when the service wants a recent log-in. */
import type { ProblemError } from '@gatehouse/client'
import { createStore } from './store.ts'

export interface PasswordRequest {
  /** What the service says. */
  title: string
  /** True: the password was accepted, and the act is repeated. */
  done: (isConfirmed: boolean) => void
}

/** Shown as a dialog by `Reauthenticate`. */
export const passwordRequest = createStore<PasswordRequest | undefined>(undefined)

/** @returns true when the refused call can be repeated */
export async function reauthenticate({ code, problem }: ProblemError): Promise<boolean> {
  if (code !== 'reauthentication-required') return false
  return new Promise(resolve => {
    passwordRequest.set({
      title: problem.title,
      done: isConfirmed => {
        passwordRequest.set(undefined)
        resolve(isConfirmed)
      },
    })
  })
}
