/** Where an error of a page is shown. Its texts are loaded with the first error. */
import { Lazy } from './Lazy.tsx'

export interface ProblemProps {
  error: unknown
  /** What to do next, where the page knows more than the code says. */
  next?: string | undefined
  onRetry?: () => void
}

export function Problem(props: ProblemProps) {
  return props.error !== undefined && <Lazy>{({ ProblemNote }) => <ProblemNote {...props} />}</Lazy>
}
