/** A time in words; the exact one shows on hover. */
import { ago, dateTime } from '../format.ts'
import { createStore } from '../store.ts'

/** One timer for all times on the page. */
const now = createStore(Date.now())
setInterval(() => now.set(Date.now()), 15_000)

export function Time({ at }: { at: string | null }) {
  now.use()
  if (at === null) return <span class="muted">never</span>
  return (
    <time dateTime={at} title={dateTime(at)}>
      {ago(at)}
    </time>
  )
}
