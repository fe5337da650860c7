/** A secret that is shown once. */
import { useState } from 'preact/hooks'
import { CheckIcon, CopyIcon } from '../../ui/icons.tsx'

export function Secret({ label, value, hint }: { label: string; value: string; hint: string }) {
  const [isCopied, setCopied] = useState(false)
  const copy = () => navigator.clipboard.writeText(value).then(() => setCopied(true))
  return (
    <div class="note secret">
      <div>
        <h3>{label}</h3>
        <code class="mono break">{value}</code>
        <small>{hint}</small>
      </div>
      <button type="button" class="button small" onClick={copy}>
        {isCopied ? <CheckIcon size={16} /> : <CopyIcon size={16} />}
        <span role="status">{isCopied ? 'Copied' : 'Copy'}</span>
      </button>
    </div>
  )
}
