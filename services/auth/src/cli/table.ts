/** Formats rows as tables for the terminal, without characters that change what a terminal shows elsewhere. */

export type Row = Readonly<Record<string, unknown>>

type Column<Each> = keyof Each | ((row: Each) => unknown)

/** @param columns by heading: the member of a row in that column, or how to read it */
export function table<Each>(rows: readonly Each[], columns: Readonly<Record<string, Column<Each>>>): string {
  const headings = Object.keys(columns)
  const cells = rows.map(row =>
    Object.values(columns).map(read => cell(typeof read === 'function' ? read(row) : row[read])),
  )
  const widths = headings.map((heading, index) =>
    Math.max(heading.length, ...cells.map(line => line[index]?.length ?? 0)),
  )
  const lineOf = (texts: string[]) =>
    texts
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd()
  return [lineOf(headings.map(heading => heading.toUpperCase())), ...cells.map(lineOf)].join('\n')
}

/** One line for each member. */
export function card(members: Row): string {
  const lines = Object.entries(members).map(([name, value]) => [cell(name), cell(value)] as const)
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

/**
 * Control characters, and those that reverse a line, become question marks: the name of a device could contain escape
 * sequences.
 */
function cell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-'
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cell).join(' ')
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text)
  return isTime ? `${text.slice(0, 10)} ${text.slice(11, 19)}` : text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, '?')
}
