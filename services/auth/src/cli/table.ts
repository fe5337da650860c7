/** Rows for people: columns, and nothing that a terminal would obey. */

export type Row = Readonly<Record<string, unknown>>

/** @param columns headings with the value of each row under them */
export function table<Each>(rows: readonly Each[], columns: Readonly<Record<string, (row: Each) => unknown>>): string {
  const headings = Object.keys(columns)
  const cells = rows.map(row => Object.values(columns).map(read => cell(read(row))))
  const widths = headings.map((heading, at) => Math.max(heading.length, ...cells.map(line => line[at]?.length ?? 0)))
  const lineOf = (texts: string[]) =>
    texts
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  return [lineOf(headings.map(heading => heading.toUpperCase())), ...cells.map(lineOf)].join('\n')
}

/** One thing, a line for each of its members. */
export function card(members: Row): string {
  const width = Math.max(...Object.keys(members).map(name => name.length))
  return Object.entries(members)
    .map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`)
    .join('\n')
}

/** A device may be called anything, also a sequence that moves the cursor: control characters become question marks. */
function cell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-'
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cell).join(' ')
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text)
  return isTime ? `${text.slice(0, 10)} ${text.slice(11, 19)}` : text.replace(/\p{Cc}/gu, '?')
}
