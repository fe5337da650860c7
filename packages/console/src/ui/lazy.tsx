/** Components that the browser loads when they are first shown. */
import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { AlertIcon } from './icons.tsx'

/**
 * @param load an `import()` of the component
 * @param Placeholder has the size of the component, so that the page does not move when it comes
 */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  Placeholder: ComponentType,
): ComponentType<Props> {
  let Loaded: ComponentType<Props> | undefined
  return props => {
    const [state, setState] = useState<'loading' | 'loaded' | 'failed'>('loading')
    useEffect(() => {
      load().then(
        component => {
          Loaded = component
          setState('loaded')
        },
        () => setState('failed'),
      )
    }, [])
    if (Loaded) return <Loaded {...props} />
    return state === 'failed' ? <Failed /> : <Placeholder />
  }
}

/** The service was away, or was replaced by a version with other files. */
function Failed() {
  return (
    <div class="note danger" role="alert">
      <AlertIcon />
      <div>
        <strong>A part of this page could not be loaded.</strong> Try again when the auth service answers.
      </div>
      <button type="button" class="button small" onClick={() => location.reload()}>
        Reload the page
      </button>
    </div>
  )
}
