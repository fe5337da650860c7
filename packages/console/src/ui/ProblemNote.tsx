/** An error, and what to do next. */
import { errorText } from '../texts.ts'
import { AlertIcon } from './icons.tsx'
import type { ProblemProps } from './Problem.tsx'

export function ProblemNote({ error, next, onRetry }: ProblemProps) {
  const { title, next: usual, requestId, fields } = errorText(error)
  return (
    <div class="note danger" role="alert">
      <AlertIcon />
      <div>
        <strong>{title}</strong> {next ?? usual}
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
