/** The options of all commands: each command accepts only those that it names. */

/** The command line is wrong; the message names the argument and what it must be. */
export class UsageError extends Error {}

export interface OptionSpec {
  flags: string
  description: string
  /** May be given several times. */
  isList?: true
}

export const optionSpecs = {
  email: { flags: '--email <address>', description: 'e-mail address' },
  id: { flags: '--id <id>', description: 'id of the service client' },
  name: { flags: '--name <name>', description: 'name that is shown in lists' },
  role: { flags: '--role <role>', description: 'role; may be repeated', isList: true },
  scope: { flags: '--scope <scope>', description: 'scope; may be repeated', isList: true },
  audience: { flags: '--audience <uri>', description: 'resource service that the client is (default: AUDIENCE)' },
  url: { flags: '--url <url>', description: 'URL of the auth service (default: GATEHOUSE_URL)' },
  byDevice: { flags: '--device', description: 'log in with a code that you approve in a browser' },
  profile: { flags: '--profile <name>', description: 'assess the configuration: asvs-l2 or aal2' },
  reason: { flags: '--reason <text>', description: 'reason for the audit log' },
  state: { flags: '--state <state>', description: 'active or disabled' },
  limit: { flags: '--limit <n>', description: 'maximum number of rows (default: 50)' },
  device: { flags: '--device <part>', description: 'part of the name of the device' },
  account: { flags: '--account <user>', description: 'e-mail address or id; may be repeated', isList: true },
  network: { flags: '--network <cidr>', description: 'address or network, such as 203.0.113.0/24' },
  client: { flags: '--client <id>', description: 'client_id of the sessions' },
  before: { flags: '--before <time>', description: 'only sessions that began before this time' },
  overlap: { flags: '--overlap <seconds>', description: 'how long the old secret stays valid (default: 3600)' },
  algorithm: { flags: '--algorithm <name>', description: 'ES256, EdDSA or RS256 (default: SIGNING_ALGORITHM)' },
  actor: { flags: '--actor <user>', description: 'e-mail address or id of the account or client that acted' },
  target: { flags: '--target <user>', description: 'e-mail address or id that was acted on' },
  action: { flags: '--action <name>', description: 'action, such as user.disable' },
  outcome: { flags: '--outcome <name>', description: 'outcome, such as done' },
  from: { flags: '--from <time>', description: 'first time, such as 2026-11-23 or 2026-11-23T20:00:00Z' },
  until: { flags: '--until <time>', description: 'end of the period, exclusive' },
  wait: { flags: '--wait <seconds>', description: 'how long to wait until the revocation is in force' },
  confirm: { flags: '--confirm <text>', description: 'the text that confirms the action' },
  dryRun: { flags: '--dry-run', description: 'only count the sessions' },
  myself: { flags: '--myself', description: 'confirm that the action affects your own account or session' },
  replaceSecret: { flags: '--replace-secret', description: 'give an existing client this secret, name and scopes' },
  yes: { flags: '--yes', description: 'do not ask' },
  json: { flags: '--json', description: 'print JSON' },
} as const satisfies Record<string, OptionSpec>

type ValueOf<Spec> = Spec extends { isList: true }
  ? string[]
  : Spec extends { flags: `${string}<${string}` }
    ? string
    : boolean

/** By the name of the option. Those that were not given are undefined. */
export type Options = { [Name in keyof typeof optionSpecs]?: ValueOf<(typeof optionSpecs)[Name]> | undefined }

/** The options of every command that revokes. */
export const revocationOptions = ['reason', 'wait', 'myself'] as const satisfies readonly (keyof Options)[]

/** @throws UsageError when the value is missing or empty */
export function requireOption(value: string | undefined, name: string): string {
  if (value !== undefined && value !== '') return value
  throw new UsageError(`${name} is missing`)
}

/** @throws UsageError, in words instead of the pattern that the service checks */
export function requireForm(value: string, form: keyof typeof forms): string {
  if (forms[form].test(value)) return value
  throw new UsageError(`"${value}" is not ${form}`)
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const forms = {
  'a session id': uuid,
  'an id or an e-mail address of an account': uuid,
  'an e-mail address': /^[^\s@]+@[^\s@]+$/,
  'the id of a key': /^[\w-]{43}$/,
  'the number of a receipt': /^\d{1,15}$/,
} as const

/** @throws UsageError */
export function parseTime(text: string): string {
  const time = new Date(text)
  if (Number.isNaN(time.getTime()))
    throw new UsageError(`"${text}" is not a time such as 2026-11-23 or 2026-11-23T20:00:00Z`)
  return time.toISOString()
}

/** @throws UsageError */
export function parseWhole(text: string, { name, min }: { name: string; min: number }): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= min) return value
  throw new UsageError(`${name} must be a whole number of at least ${min}`)
}
