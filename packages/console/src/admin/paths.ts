/** The addresses of the console's pages: below the folder of its scripts, whatever prefix a gateway adds. */
import { root } from '../session.ts'

export const base = new URL('console', root).pathname

/** @returns the address of a page, for example `to('users', id)` */
export function to(...segments: (string | number)[]): string {
  return [base, ...segments.map(segment => encodeURIComponent(segment))].join('/')
}

/** @returns the address with these parameters; empty ones are left out */
export function withQuery(path: string, parameters: Record<string, string | undefined>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value)
  return query.size === 0 ? path : `${path}?${query}`
}
