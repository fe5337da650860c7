/** Components that the browser loads when they are first shown. */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { createStore } from '../store.ts'
import type { Login } from './Login.tsx'
import type { ProblemNote } from './ProblemNote.tsx'

/** What `later.ts` of each page exports. */
interface Later {
  Login: typeof Login
  ProblemNote: typeof ProblemNote
}
export type LoadLater = () => Promise<Later>

const later = createStore<Later | undefined>(undefined)
/** Of the page. */
export const loader = createStore<LoadLater | undefined>(undefined)

export interface LazyProps {
  children: (later: Later) => ComponentChildren
  /** Has the size of what comes, so that the page does not move. */
  placeholder?: ComponentChildren
}

export function Lazy({ children, placeholder }: LazyProps) {
  const [hasFailed, setFailed] = useState(false)
  useEffect(() => {
    loader
      .get()?.()
      .then(later.set, () => setFailed(true))
  }, [])
  const loaded = later.use()
  if (loaded) return children(loaded)
  // The service was away, or was replaced by a version with other files.
  if (!hasFailed) return placeholder
  return (
    <div class="note danger" role="alert">
      <strong class="grow">A part of this page is missing.</strong>
      <button type="button" class="button small" onClick={() => location.reload()}>
        Reload the page
      </button>
    </div>
  )
}
