/** Names as pills, or a word where there is none. */

export interface PillsProps {
  names: readonly string[]
  tone?: 'accent'
  otherwise?: string
}

export function Pills({ names, tone, otherwise }: PillsProps) {
  return (
    <div class="row wrap">
      {names.map(name => (
        <span key={name} class={`pill break ${tone ?? ''}`}>
          {name}
        </span>
      ))}
      {names.length === 0 && <span class="muted">{otherwise}</span>}
    </div>
  )
}
