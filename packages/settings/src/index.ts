/** Reads a process's environment variables by a table that also documents them. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'

export { helpText, reference } from './reference.ts'

/**
 * A wrong configuration. The message is for the operator: it names the variable, what it must be
 * and why.
 */
export class SettingsError extends Error {}

/** One environment variable. */
export interface Setting<Value> {
  /** What the variable sets: a phrase without a full stop. */
  about: string
  /** Why it is required, or the reason for the default: a sentence. */
  why: string
  /**
   * The text that is used when the variable is not set. Without a fallback the variable is
   * required.
   */
  fallback?: string
  /**
   * True: the value can also come from the file that `NAME_FILE` names, and no message shows it.
   */
  isSecret?: true
  /** What a valid value is: completes "NAME must be ...". */
  wants: string
  /** Returns the value, or undefined when the text is not valid. */
  parse: (text: string) => Value | undefined
}

/** Settings by the names of their variables. */
// biome-ignore lint/suspicious/noExplicitAny: a table holds settings of every type.
export type Table = Record<string, Setting<any>>
/** The values that `readSettings` returns for a table. */
export type Values<T extends Table> = { [Name in keyof T]: T[Name] extends Setting<infer Value> ? Value : never }
/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads every variable of a table.
 * @param table the settings by the names of their variables
 * @param environment the variables of the process
 * @returns the values by the same names
 * @throws SettingsError when variables are missing or not valid; the message has a line for each
 * @example
 * const table = { PORT: integer(3000, [0, 65_535], { about: 'Port to listen on', why: 'One port per process.' }) }
 * const { PORT } = readSettings(table, process.env)
 */
export function readSettings<T extends Table>(table: T, environment: Environment): Values<T> {
  const { values, faults } = readEach(table, environment)
  if (faults.length > 0) throw new SettingsError(faults.join('\n'))
  return values as Values<T>
}

/** @returns a sentence for each variable that is missing or not valid */
export function settingsFaults(table: Table, environment: Environment): string[] {
  return readEach(table, environment).faults
}

function readEach(table: Table, environment: Environment): { values: Record<string, unknown>; faults: string[] } {
  const values: Record<string, unknown> = {}
  const faults: string[] = []
  for (const [name, setting] of Object.entries(table)) {
    try {
      values[name] = read(name, setting, environment)
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error
      faults.push(error.message)
    }
  }
  return { values, faults }
}

function read<Value>(name: string, setting: Setting<Value>, environment: Environment): Value {
  const text = rawTextOf(name, setting, environment) ?? setting.fallback
  if (text === undefined) throw new SettingsError(`${name} is not set: it must be ${setting.wants}. ${setting.why}`)
  const value = setting.parse(text.trim())
  if (value !== undefined) return value
  const given = setting.isSecret ? '' : `, not "${text.slice(0, 80)}"`
  throw new SettingsError(`${name} must be ${setting.wants}${given}. ${setting.why}`)
}

function rawTextOf(name: string, setting: Setting<unknown>, environment: Environment): string | undefined {
  const text = environment[name]
  const file = setting.isSecret ? environment[`${name}_FILE`] : undefined
  if (text && file) throw new SettingsError(`${name} and ${name}_FILE are both set: give one of them.`)
  if (!file) return text === '' ? undefined : text
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    throw new SettingsError(`${name}_FILE names a file that cannot be read (${code}): ${file}`)
  }
}

type SettingText = Pick<Setting<unknown>, 'about' | 'why'> & { fallback?: string; isSecret?: true }

/** Any text without NUL, or one that matches a pattern. */
export function text(texts: SettingText & { pattern?: RegExp; wants?: string }): Setting<string> {
  const { pattern = /^[^\0]+$/, wants = 'a text', ...rest } = texts
  return { ...rest, wants, parse: given => (pattern.test(given) ? given : undefined) }
}

/**
 * A whole number within limits. The variable's name ends with the unit, for example `_MS`.
 * @param fallback null when the variable is required
 */
export function integer(
  fallback: number | null,
  [min, max]: readonly [min: number, max: number],
  texts: Omit<SettingText, 'fallback'>,
): Setting<number> {
  const parse = (given: string) => {
    const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN
    return value >= min && value <= max ? value : undefined
  }
  const wants = `a whole number from ${min} to ${max}`
  return { ...texts, ...(fallback === null ? {} : { fallback: String(fallback) }), wants, parse }
}

/** `true` or `false`. */
export function flag(words: SettingText): Setting<boolean> {
  const parse = (given: string) => (given === 'true' ? true : given === 'false' ? false : undefined)
  return { ...words, wants: '"true" or "false"', parse }
}

/** One of the given texts. */
export function oneOf<const Choice extends string>(
  words: SettingText & { choices: readonly Choice[] },
): Setting<Choice> {
  const { choices, ...rest } = words
  return { ...rest, wants: `one of ${choices.join(', ')}`, parse: given => choices.find(choice => choice === given) }
}

/**
 * An absolute http or https URL to which paths are appended; slashes at its end are removed. Credentials in that of the issuer
 * would be in every token.
 */
export function url(words: SettingText): Setting<string> {
  return { ...words, wants: 'an http or https URL without credentials, query and fragment', parse: parseUrl }
}

function parseUrl(given: string): string | undefined {
  if (!URL.canParse(given) || !/^https?:\/\/[^\s?#@]+$/.test(given)) return undefined
  return given.replace(/\/+$/, '')
}

/** A PostgreSQL URL. An unescaped `#` or `@` of a password would otherwise cut the URL silently. */
export function databaseUrl(words: SettingText): Setting<string> {
  const parse = (given: string) => {
    // `URL` parses one host: `host1:5432,host2:5432` names several servers.
    const first = given.replace(/^(postgres(?:ql)?:\/\/(?:[^@/?#]*@)?[^/?#,]*)(?:,[^/?#,]+)+/, '$1')
    if (!/^postgres(ql)?:\/\//.test(first) || !URL.canParse(first)) return undefined
    const { hash, search } = new URL(first)
    return hash === '' && !search.includes('@') ? given : undefined
  }
  const wants = 'a postgresql:// URL, with %23 for a # in the password, and other special characters likewise'
  return { ...words, isSecret: true, wants, parse }
}

/** The origin of a web page: scheme, host and port in the form of RFC 6454 section 6.1. */
export function origin(words: SettingText): Setting<string> {
  const parse = (given: string) => (URL.canParse(given) && new URL(given).origin === given ? given : undefined)
  return { ...words, wants: 'an origin such as https://shop.example, in lower case and without a path', parse }
}

/** Addresses or networks separated by commas, as one text; null when empty. */
export function networks(words: SettingText): Setting<string | null> {
  const wants = 'addresses or networks such as 10.0.0.0/8, separated by commas, or empty'
  return { fallback: '', ...words, wants, parse: parseNetworks }
}

function parseNetworks(given: string): string | null | undefined {
  if (given === '') return null
  const names = ['loopback', 'linklocal', 'uniquelocal']
  const parts = given.split(',').map(part => part.trim())
  return parts.every(part => names.includes(part) || isNetwork(part)) ? parts.join(',') : undefined
}

function isNetwork(part: string): boolean {
  const [, address = '', bits = '0'] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(part) ?? []
  const version = isIP(address)
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128)
}

/** Several values separated by commas; an empty text is an empty list. */
export function list<Value>(item: Setting<Value>): Setting<Value[]> {
  const parse = (given: string) => {
    const parts = given.split(',').map(part => part.trim())
    const values = parts.filter(part => part !== '').map(item.parse)
    return values.every(value => value !== undefined) ? (values as Value[]) : undefined
  }
  return { ...item, wants: `${item.wants}, or several separated by commas`, parse }
}

/** A setting that can be empty; its value is then null. */
export function optional<Value>(inner: Setting<Value>): Setting<Value | null> {
  return {
    ...inner,
    fallback: '',
    wants: `${inner.wants}, or empty`,
    parse: given => (given === '' ? null : inner.parse(given)),
  }
}
