/** The filters of the audit log. */
import { useEffect, useState } from 'preact/hooks'
import { Field } from '../../ui/Field.tsx'

type Values = Record<string, string | undefined>

const fields = [
  ['action', 'Action', 'session.start'],
  ['actor', 'Actor', 'id of an account or client'],
  ['target', 'Target', 'id'],
  ['outcome', 'Outcome', 'credentials-invalid'],
  ['address', 'Address', '203.0.113.7'],
  ['seq', 'Revocation', 'number'],
  ['from', 'From', '2026-11-28T08:00:00Z'],
  ['until', 'Until', '2026-11-29T08:00:00Z'],
] as const

export function Filters({ filters, onChange }: { filters: Values; onChange: (filters: Values) => void }) {
  const [values, setValues] = useState(filters)
  useEffect(() => setValues(filters), [JSON.stringify(filters)])
  const set = fields.filter(([name]) => filters[name])
  return (
    <details class="card" open={set.length > 0 || undefined}>
      <summary>
        Filters
        {set.map(([name, label]) => (
          <span key={name} class="pill accent break">
            {label}: {filters[name]}
          </span>
        ))}
      </summary>
      <form
        onSubmit={event => {
          event.preventDefault()
          onChange(values)
        }}
      >
        <div class="grid">
          {fields.map(([name, label, placeholder]) => (
            <Field
              key={name}
              label={label}
              placeholder={placeholder}
              autocomplete="off"
              value={values[name] ?? ''}
              onText={text => setValues({ ...values, [name]: text.trim() })}
            />
          ))}
        </div>
        <footer>
          <button type="button" class="button" disabled={set.length === 0} onClick={() => onChange({})}>
            Clear
          </button>
          <button type="submit" class="button primary">
            Filter
          </button>
        </footer>
      </form>
    </details>
  )
}
