/** What the service says of a field of a form. */
import { isProblem } from '@gatehouse/client'

/** @returns the reason for a field of the request body, if the service refused it */
export function fieldReason(error: unknown, field: string): string | undefined {
  if (!isProblem(error)) return undefined
  return error.problem.fields?.find(item => item.field === `body/${field}`)?.reason
}
