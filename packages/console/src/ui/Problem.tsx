/** Where an error of a page is shown. Its texts are loaded with the first error. */
import { lazy } from './lazy.tsx'

export interface ProblemProps {
  error: unknown
  /** What to do next, where the page knows more than the code says. */
  next?: string | undefined
  onRetry?: () => void
}

const ProblemNote = lazy(
  async () => (await import('./ProblemNote.tsx')).ProblemNote,
  () => null,
)

export function Problem(props: ProblemProps) {
  return props.error === undefined ? null : <ProblemNote {...props} />
}
