/** An error, and what to do next. */
import { errorText } from '../texts.ts'
import { AlertIcon } from './icons.tsx'

export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  if (error === undefined) return null
  const { title, next, requestId, fields } = errorText(error)
  return (
    <div class="note danger" role="alert">
      <AlertIcon />
      <div>
        <strong>{title}</strong> {next}
        {fields && (
          <ul>
            {fields.map(({ field, reason }) => (
              <li key={field}>
                {field.replace(/^(body|query)\//, '')}: {reason}
              </li>
            ))}
          </ul>
        )}
        {requestId && <small class="mono">request {requestId}</small>}
      </div>
      {onRetry && (
        <button type="button" class="button small" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}
