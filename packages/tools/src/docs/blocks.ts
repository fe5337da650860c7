/** The blocks of the documentation that are generated from code, by name, as Markdown. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { figureTable, headlineTable, readFigures } from '@gatehouse/bench'
import { type Action, problemCodes, problemDefinition } from '@gatehouse/contract'
import { reference, type Table } from '@gatehouse/settings'
import { conformanceTable } from './conformance.ts'

const root = fileURLToPath(new URL('../../../../../', import.meta.url))

/** Reads the settings table of a service without starting the service. */
async function tableOf(module: string): Promise<Table> {
  const { settings } = (await import(`${root}${module}`)) as { settings: Table }
  return settings
}

export async function generatedBlocks(): Promise<Record<string, string>> {
  return {
    problems: problemTable(),
    'problems by action': problemsByAction(),
    conformance: conformanceTable(root),
    ...(await assuranceBlocks()),
    decisions: decisionList(),
    'headline figures': headlineTable(readFigures()),
    'all figures': figureTable(readFigures()),
    'auth settings': reference(await tableOf('services/auth/dist/src/config.js')),
    'resource settings': reference(await tableOf('services/resource/dist/src/config.js')),
  }
}

/** Imported by path, as the settings are: no package exports what the command line has. */
async function assuranceBlocks(): Promise<Record<string, string>> {
  const { aal2Rows, assuranceTable, asvsRows } = await import(`${root}services/auth/dist/src/cli/assurance.js`)
  return { asvs: assuranceTable(asvsRows), aal2: assuranceTable(aal2Rows) }
}

function problemTable(): string {
  const rows = problemCodes.map(name => {
    const { contexts, description, status, action, challenge } = problemDefinition(name)
    return `| ${contexts.join(', ')} | ${description} | ${status} | \`${name}\` | ${action} | ${challengeText(challenge)} |`
  })
  const head = '| where | condition | status | code | action | challenge |'
  return [head, '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n')
}

/** A row for each action, with the codes that carry it: the short form of the table. */
function problemsByAction(): string {
  const rows = Object.entries(actions).map(([action, meaning]) => {
    const codes = problemCodes.filter(code => problemDefinition(code).action === action)
    return `| **${action}** | ${meaning} | ${codes.map(code => `\`${code}\``).join(', ')} |`
  })
  return ['| action | what the client does | codes |', '| --- | --- | --- |', ...rows].join('\n')
}

const actions: Readonly<Record<Action, string>> = {
  renew: 'gets a new access token with the refresh token, then repeats the request once; without one, logs in',
  login: 'shows the log-in form: the session is over, or there was none',
  reauthenticate: 'asks for the password, sends it to `POST /session/reauthenticate`, then repeats the request once',
  stop: 'does not repeat the request; the session goes on, except with `account-disabled`',
  retry: 'repeats the request later, after `Retry-After`; the session goes on',
}

/** The decision pages with number and heading. */
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
