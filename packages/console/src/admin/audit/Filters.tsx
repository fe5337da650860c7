/** The filters of the audit log. */
import { Field } from '../../ui/Field.tsx'
import { Form, type Values } from '../../ui/Form.tsx'

/** By parameter of the API: an example. */
const examples = {
  action: 'session.start',
  outcome: 'credentials-invalid',
  actor: 'e-mail address or id',
  target: 'e-mail address or id',
  address: '203.0.113.7',
  seq: 'number of a receipt',
  from: '2026-11-28T08:00:00Z',
  until: '2026-11-29T08:00:00Z',
}

export interface FiltersProps {
  filters: Values
  onChange: (filters: Values) => void
}

export function Filters({ filters, onChange }: FiltersProps) {
  const set = Object.entries(filters)
  const labelOf = (name: string) => (name === 'seq' ? 'Receipt' : `${name.charAt(0).toUpperCase()}${name.slice(1)}`)
  return (
    <details class="card" open={set.length > 0 || undefined}>
      <summary>
        Filters
        {set.map(([name, value]) => (
          <span key={name} class="pill accent break">
            {labelOf(name)}: {value}
          </span>
        ))}
      </summary>
      {/* Another address fills the fields anew. */}
      <Form
        key={JSON.stringify(filters)}
        class=""
        button="Filter"
        otherButton={
          set.length > 0 && (
            <button type="button" class="button" onClick={() => onChange({})}>
              Clear
            </button>
          )
        }
        onSubmit={onChange}
      >
        {() => (
          <div class="grid">
            {Object.entries(examples).map(([name, placeholder]) => (
              <Field
                key={name}
                label={labelOf(name)}
                name={name}
                placeholder={placeholder}
                autocomplete="off"
                defaultValue={filters[name]}
              />
            ))}
          </div>
        )}
      </Form>
    </details>
  )
}
