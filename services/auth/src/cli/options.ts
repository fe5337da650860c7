/** The options of all commands: each command accepts only those that it names. */

/** The command line is wrong; the message names the argument and what it must be. */
export class UsageError extends Error {}

export interface OptionSpec<Value> {
  flags: string
  description: string
  /** May be given several times. */
  isList: boolean
  /** Only its type is read. */
  value?: Value
}

/** Flags without a value, such as `--yes`, are true when given. */
function single<Flags extends string>(
  flags: Flags,
  description: string,
): OptionSpec<Flags extends `${string}<${string}` ? string : boolean> {
  return { flags, description, isList: false }
}

function list(flags: string, description: string): OptionSpec<string[]> {
  return { flags, description, isList: true }
}

export const optionSpecs = {
  email: single('--email <address>', 'e-mail address'),
  id: single('--id <id>', 'id of the service client'),
  name: single('--name <name>', 'name that is shown in lists'),
  role: list('--role <role>', 'role; may be repeated'),
  scope: list('--scope <scope>', 'scope; may be repeated'),
  audience: single('--audience <uri>', 'resource service that the client is (default: AUDIENCE)'),
  url: single('--url <url>', 'URL of the auth service (default: GATEHOUSE_URL)'),
  byDevice: single('--device', 'log in with a code that you approve in a browser'),
  profile: single('--profile <name>', 'assess the configuration: asvs-l2 or aal2'),
  reason: single('--reason <text>', 'reason for the audit log'),
  state: single('--state <state>', 'active or disabled'),
  limit: single('--limit <n>', 'maximum number of rows (default: 50)'),
  device: single('--device <part>', 'part of the name of the device'),
  account: list('--account <user>', 'e-mail address or id; may be repeated'),
  network: single('--network <cidr>', 'address or network, such as 203.0.113.0/24'),
  client: single('--client <id>', 'client_id of the sessions'),
  before: single('--before <time>', 'only sessions that began before this time'),
  overlap: single('--overlap <seconds>', 'how long the old secret stays valid (default: 3600)'),
  algorithm: single('--algorithm <name>', 'ES256, EdDSA or RS256 (default: SIGNING_ALGORITHM)'),
  actor: single('--actor <user>', 'e-mail address or id of the account or client that acted'),
  target: single('--target <user>', 'e-mail address or id that was acted on'),
  action: single('--action <name>', 'action, such as user.disable'),
  outcome: single('--outcome <name>', 'outcome, such as done'),
  from: single('--from <time>', 'first time, such as 2026-11-23 or 2026-11-23T20:00:00Z'),
  until: single('--until <time>', 'end of the period, exclusive'),
  wait: single('--wait <seconds>', 'how long to wait until the revocation is in force'),
  confirm: single('--confirm <text>', 'the text that confirms the action'),
  dryRun: single('--dry-run', 'only count the sessions'),
  myself: single('--myself', 'confirm that the action affects your own account or session'),
  replaceSecret: single('--replace-secret', 'give an existing client this secret, name and scopes'),
  yes: single('--yes', 'do not ask'),
  json: single('--json', 'print JSON'),
}

/** By the name of the option. Those that were not given are undefined. */
export type Options = { [Name in keyof typeof optionSpecs]?: (typeof optionSpecs)[Name]['value'] }

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

/** The id of an account or of a session. */
export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
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
