/** Step-up: asks for the password when the service wants a recent log-in. */
import type { ProblemError } from '@gatehouse/client'
import { passwordRequest } from './session.ts'

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
