/** What in the documentation is made from code: each block by its name, as Markdown. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { figureTable, headlineTable, readFigures } from '@gatehouse/bench'
import { problemCodes, problemDefinition } from '@gatehouse/contract'
import { reference, type Table } from '@gatehouse/settings'

const root = fileURLToPath(new URL('../../../../../', import.meta.url))

/** Services are not imported, only their tables are read. */
async function tableOf(module: string): Promise<Table> {
  const { settings } = (await import(`${root}${module}`)) as { settings: Table }
  return settings
}

export async function blocks(): Promise<Record<string, string>> {
  return {
    outcomes: outcomeTable(),
    decisions: decisionList(),
    figures: headlineTable(readFigures()),
    'all figures': figureTable(readFigures()),
    'auth settings': reference(await tableOf('services/auth/dist/src/config.js')),
    'resource settings': reference(await tableOf('services/resource/dist/src/config.js')),
  }
}

function outcomeTable(): string {
  const rows = problemCodes.map(name => {
    const { contexts, description, status, action, challenge } = problemDefinition(name)
    return `| ${contexts.join(', ')} | ${description} | ${status} | \`${name}\` | ${action} | ${challengeText(challenge)} |`
  })
  const head = '| where | condition | status | code | action | challenge |'
  return [head, '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n')
}

/** Each page by its number and its heading. */
function decisionList(): string {
  const folder = `${root}docs/decisions`
  const pages = readdirSync(folder).filter(name => /^\d{4}-/.test(name))
  return pages
    .toSorted()
    .map(name => {
      const [heading = ''] = readFileSync(`${folder}/${name}`, 'utf8').split('\n')
      return `${Number(name.slice(0, 4))}. [${heading.replace(/^# /, '')}](${name})`
    })
    .join('\n')
}

function challengeText(challenge: string | undefined): string {
  if (challenge === undefined) return ''
  if (challenge === 'none') return '`Bearer`'
  return challenge === 'basic' ? '`Basic`' : `\`error="${challenge}"\``
}
