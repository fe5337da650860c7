/** A process's configuration: one table of variables that is read, checked and documented. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'

/** Says what is wrong with the configuration in one sentence that names the variable, what it wants and why. */
export class SettingsError extends Error {}

export interface Setting<Value> {
  /** What it is, in a sentence without a full stop. */
  about: string
  /** Why it is wanted, or why the default is what it is. */
  why: string
  /** The text used when the variable is not set; without one it must be set. */
  fallback?: string
  /** It may also be given as a file: `NAME_FILE`. Its value is never shown. */
  isSecret?: true
  /** What a good value looks like: completes "NAME must be ...". */
  wants: string
  /** The value, or undefined when the text is not what is wanted. */
  parse: (text: string) => Value | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: the one place where settings of every type stand together.
export type Table = Record<string, Setting<any>>
export type Values<T extends Table> = { [Name in keyof T]: T[Name] extends Setting<infer Value> ? Value : never }
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads every variable of the table.
 * @param table the settings, by the names of their variables
 * @param environment where to look; the process's, unless a test says otherwise
 * @throws SettingsError naming the first variable that is missing or wrong
 */
export function readSettings<T extends Table>(table: T, environment: Environment): Values<T> {
  const entries = Object.entries(table).map(([name, setting]) => [name, read(name, setting, environment)])
  return Object.fromEntries(entries) as Values<T>
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

export function text(texts: SettingText & { pattern?: RegExp; wants?: string }): Setting<string> {
  const { pattern = /^[^\0]+$/, wants = 'a text', ...rest } = texts
  return { ...rest, wants, parse: given => (pattern.test(given) ? given : undefined) }
}

/** A whole number, or several units of time and size: the unit ends the variable's name. */
export function integer(words: SettingText & { min: number; max: number }): Setting<number> {
  const { min, max, ...rest } = words
  const parse = (given: string) => {
    const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN
    return value >= min && value <= max ? value : undefined
  }
  return { ...rest, wants: `a whole number from ${min} to ${max}`, parse }
}

export function flag(words: SettingText): Setting<boolean> {
  const parse = (given: string) => (given === 'true' ? true : given === 'false' ? false : undefined)
  return { ...words, wants: '"true" or "false"', parse }
}

export function oneOf<const Choice extends string>(
  words: SettingText & { choices: readonly Choice[] },
): Setting<Choice> {
  const { choices, ...rest } = words
  return { ...rest, wants: `one of ${choices.join(', ')}`, parse: given => choices.find(choice => choice === given) }
}

/** An absolute http or https URL, without a slash at its end. */
export function url(words: SettingText): Setting<string> {
  return { ...words, wants: 'an http or https URL', parse: parseUrl }
}

function parseUrl(given: string): string | undefined {
  if (!URL.canParse(given) || !/^https?:\/\//.test(given)) return undefined
  return given.replace(/\/+$/, '')
}

/** The origin of a web page: scheme, host and port, as browsers write it (RFC 6454 section 6.1). */
export function origin(words: SettingText): Setting<string> {
  const parse = (given: string) => (URL.canParse(given) && new URL(given).origin === given ? given : undefined)
  return { ...words, wants: 'an origin as https://shop.example, in lower case and without a path', parse }
}

/** Addresses or networks with commas between them, as one text; nothing is null. */
export function networks(words: SettingText): Setting<string | null> {
  const wants = 'addresses or networks as 10.0.0.0/8, with commas between them, or nothing'
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

/** Several values with commas between them; an empty text is an empty list. */
export function list<Value>(item: Setting<Value>): Setting<Value[]> {
  const parse = (given: string) => {
    const parts = given.split(',').map(part => part.trim())
    const values = parts.filter(part => part !== '').map(item.parse)
    return values.every(value => value !== undefined) ? (values as Value[]) : undefined
  }
  return { ...item, wants: `${item.wants}, or several with commas between them`, parse }
}

/** A setting that may be left out. */
export function optional<Value>(inner: Setting<Value>): Setting<Value | null> {
  return {
    ...inner,
    fallback: '',
    wants: `${inner.wants}, or nothing`,
    parse: given => (given === '' ? null : inner.parse(given)),
  }
}

/** The table as Markdown, for the configuration reference. */
export function reference(table: Table): string {
  const rows = Object.entries(table).map(([name, { about, why, fallback, isSecret }]) => {
    const names = isSecret ? `\`${name}\` or \`${name}_FILE\`` : `\`${name}\``
    const value = fallback === undefined ? 'must be set' : fallback === '' ? 'none' : `\`${fallback}\``
    return `| ${names} | ${about} | ${value} | ${why} |`
  })
  return ['| variable | what it is | default | why |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

/** The table for a terminal: a variable a line, and what it is below. */
export function helpText(table: Table): string {
  return Object.entries(table)
    .map(([name, { about, fallback, isSecret }]) => {
      const value = fallback === undefined ? 'must be set' : fallback === '' ? 'none' : fallback
      return `  ${isSecret ? `${name}, ${name}_FILE` : name} (${value})\n      ${about}`
    })
    .join('\n')
}
