/** A search field that reports what was typed once the typing pauses. */
import { useEffect, useId, useState } from 'preact/hooks'
import { SearchIcon } from './icons.tsx'

const pauseMs = 200

export interface SearchProps {
  label: string
  value: string
  onChange: (text: string) => void
}

export function Search({ label, value, onChange }: SearchProps) {
  const id = useId()
  const [text, setText] = useState(value)
  useEffect(() => {
    if (text === value) return
    const timer = setTimeout(() => onChange(text), pauseMs)
    return () => clearTimeout(timer)
  }, [text])
  return (
    <div class="search">
      <label for={id} class="hidden">
        {label}
      </label>
      <SearchIcon size={16} />
      <input
        id={id}
        type="search"
        placeholder={label}
        autocomplete="off"
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <span class="key" aria-hidden="true">
        /
      </span>
    </div>
  )
}
