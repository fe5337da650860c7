/** Describes a table of settings: as the configuration reference, and for a terminal. */
import type { Table } from './index.ts'

/**
 * The table as Markdown, for the configuration reference.
 * @param table the settings by the names of their variables
 */
export function reference(table: Table): string {
  const rows = Object.entries(table).map(([name, { about, why, fallback, isSecret }]) => {
    const names = isSecret ? `\`${name}\` or \`${name}_FILE\`` : `\`${name}\``
    const value = fallback === undefined ? 'required' : fallback === '' ? 'none' : `\`${fallback}\``
    return `| ${names} | ${about} | ${value} | ${why} |`
  })
  return ['| variable | meaning | default | reason |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

/**
 * The table for a terminal: each variable with its default, and its meaning on the next line.
 * @param table the settings by the names of their variables
 */
export function helpText(table: Table): string {
  return Object.entries(table)
    .map(([name, { about, fallback, isSecret }]) => {
      const value = fallback === undefined ? 'required' : fallback === '' ? 'none' : fallback
      return `  ${isSecret ? `${name}, ${name}_FILE` : name} (${value})\n      ${about}`
    })
    .join('\n')
}
