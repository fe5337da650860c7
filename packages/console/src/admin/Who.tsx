/** An account or a service client, with a link to its page. */
import { shortId } from '../format.ts'
import { to } from './paths.ts'

const uuid = /^[0-9a-f]{8}-/

export function Who({ id, name }: { id: string | null; name: string | undefined }) {
  if (id === null) return <span class="muted">–</span>
  if (!uuid.test(id)) return <bdi class="break">{id}</bdi>
  if (name === undefined) {
    return (
      <span class="mono muted" title={id}>
        {shortId(id)}
      </span>
    )
  }
  return (
    <a href={to('users', id)} class="break">
      <bdi>{name}</bdi>
    </a>
  )
}

export type NameOf = (id: string | null) => string | undefined
