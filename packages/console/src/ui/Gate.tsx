/** What every page shows around its content: the log-in and the outage banner. */
import { type ComponentChildren, render } from 'preact'
import { isAway, session } from '../session.ts'
import { AlertIcon } from './icons.tsx'
import { Lazy, type LoadLater, loader } from './Lazy.tsx'

/**
 * Shows a page in the document that the auth service sends.
 * @param load imports `later.ts` of the page
 */
export function mount(title: string, page: ComponentChildren, load: LoadLater): void {
  loader.set(load)
  render(<Gate title={title}>{page}</Gate>, document.getElementById('app') as HTMLElement)
}

function Gate({ title, children }: { title: string; children: ComponentChildren }) {
  const { status } = session.use()
  const isOut = isAway.use()
  if (status === 'signed-out') return <Lazy placeholder={<Splash />}>{({ Login }) => <Login title={title} />}</Lazy>
  return (
    <>
      {isOut && (
        <div class="banner" role="alert">
          <AlertIcon />
          <span>
            <strong>The auth service does not answer.</strong> You stay signed in. This page tries again by itself.
          </span>
        </div>
      )}
      {status === 'unknown' ? <Splash /> : children}
    </>
  )
}

function Splash() {
  return (
    <main class="login" aria-busy="true">
      <div class="mark pulse" role="status" aria-label="Loading" />
    </main>
  )
}
