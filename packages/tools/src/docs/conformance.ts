/** The table of docs/conformance.md, from the `@conforms` comments above tests. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Row {
  standard: string
  section: string
  behaviour: string
  file: string
  title: string
}

/** `@conforms RFC 6749 section 6: what the service does.` in a comment directly above a test. */
const marker =
  /^\/\*\* @conforms (RFC \d+) section ([\d.]+): ([^\n]+?)\.? \*\/\n(?=(?:\/\*\* @conforms [^\n]+\n)*t\.test\(\s*(['"`])((?:(?!\4)[^\n])+)\4)/gm
const folders = ['packages', 'services']

/** @param root the repository, with a slash at its end */
export function conformanceTable(root: string): string {
  const rows = folders.flatMap(folder =>
    readdirSync(join(root, folder)).flatMap(name => testFiles(root, join(folder, name, 'test')).flatMap(rowsOf)),
  )
  const lines = rows
    .toSorted((a, b) => keyOf(a).localeCompare(keyOf(b), 'en', { numeric: true }))
    .map(
      ({ standard, section, behaviour, file, title }) =>
        `| ${standard} section ${section} | ${behaviour} | [${title.replaceAll('|', '\\|')}](../${file}) |`,
    )
  return ['| clause | what Gatehouse does | test |', '| --- | --- | --- |', ...lines].join('\n')

  function rowsOf(file: string): Row[] {
    const text = readFileSync(join(root, file), 'utf8')
    return [...text.matchAll(marker)].map(([, standard = '', section = '', behaviour = '', , title = '']) => ({
      standard,
      section,
      behaviour,
      file,
      title,
    }))
  }
}

function testFiles(root: string, folder: string): string[] {
  try {
    const names = readdirSync(join(root, folder), { recursive: true }).map(String)
    return names.filter(name => name.endsWith('.test.ts')).map(name => join(folder, name))
  } catch {
    return []
  }
}

function keyOf({ standard, section, title }: Row): string {
  return `${standard} ${section} ${title}`
}
