/** OWASP ASVS 5.0 and NIST SP 800-63B-4, row by row: what is met, and what the configuration decides. */
import type { Config } from '../config.ts'
import asvs from './asvs.json' with { type: 'json' }

/** `operator`: the requirement is the operator's. */
export type Verdict = 'met' | 'partly' | 'no' | 'operator'
type Check = (config: Config) => { verdict: Verdict; reason: string }

export interface AssuranceRow {
  /** The number of the requirement, as the standard prints it. */
  id: string
  level: 1 | 2 | 3
  requirement: string
  verdict: Verdict
  reason: string
  /** Overrides verdict and reason by the running configuration. */
  check?: Check
}

export const profiles = ['asvs-l2', 'aal2'] as const
export type Profile = (typeof profiles)[number]

const hour = 3600
const day = 24 * hour

/** By the number of the requirement. */
const asvsChecks: Readonly<Record<string, Check>> = {
  '3.3.3': ({ COOKIE_NAME: name }) =>
    name.startsWith('__Host-')
      ? { verdict: 'met', reason: `COOKIE_NAME is ${name}` }
      : { verdict: 'partly', reason: `COOKIE_NAME is ${name}; __Host- requires COOKIE_PATH=/` },
  '3.4.1': ({ HSTS_SECONDS: seconds, HSTS_SUBDOMAINS: isWide }) =>
    seconds >= 31_536_000 && isWide
      ? { verdict: 'met', reason: `HSTS_SECONDS is ${seconds}, with sub-domains` }
      : {
          verdict: 'operator',
          reason: `HSTS_SECONDS is ${seconds}: the gateway must send the header for the whole host`,
        },
  '6.2.1': metWith('PASSWORD_MIN_LENGTH'),
  '6.4.1': metWith('RESET_CODE_SECONDS'),
  '7.3.1': metWith('SESSION_IDLE_SECONDS'),
  '7.3.2': metWith('SESSION_SECONDS'),
  '11.2.3': unlessRsa('RS256: the key needs 3072 bits'),
  '11.3.1': unlessRsa('RS256 signs with PKCS#1 v1.5'),
}

/** OWASP ASVS 5.0, chapters V3, V6 to V11 and V16, as far as they apply. Requirements are shortened. */
export const asvsRows: readonly AssuranceRow[] = (asvs as AssuranceRow[]).map(row => {
  const check = asvsChecks[row.id]
  return check === undefined ? row : { ...row, check }
})

/** NIST SP 800-63B-4 section 2.2, for AAL2. */
export const aal2Rows: readonly AssuranceRow[] = [
  {
    id: '2.2.1',
    level: 2,
    requirement: 'Two authentication factors',
    verdict: 'no',
    reason: 'the password is the only factor; put an identity provider with a second factor in front',
  },
  {
    id: '2.2.2',
    level: 2,
    requirement: 'A phishing-resistant option',
    verdict: 'no',
    reason: 'no passkeys yet',
  },
  {
    id: '2.2.3',
    level: 2,
    requirement: 'Reauthentication at least every 24 hours',
    verdict: 'partly',
    reason: 'SESSION_SECONDS and SHORT_SESSION_SECONDS',
    check: ({ SESSION_SECONDS, SHORT_SESSION_SECONDS }) =>
      atMost(day, Math.max(SESSION_SECONDS, SHORT_SESSION_SECONDS), 'SESSION_SECONDS'),
  },
  {
    id: '2.2.3',
    level: 2,
    requirement: 'Reauthentication after one hour of inactivity',
    verdict: 'partly',
    reason: 'SESSION_IDLE_SECONDS and SHORT_SESSION_IDLE_SECONDS',
    check: ({ SESSION_IDLE_SECONDS, SHORT_SESSION_IDLE_SECONDS }) =>
      atMost(hour, Math.max(SESSION_IDLE_SECONDS, SHORT_SESSION_IDLE_SECONDS), 'SESSION_IDLE_SECONDS'),
  },
  {
    id: '3.1.1.2',
    level: 2,
    requirement: 'A password has 15 characters, or 8 beside a second factor',
    verdict: 'met',
    reason: 'PASSWORD_MIN_LENGTH',
    check: ({ PASSWORD_MIN_LENGTH: length }) =>
      length >= 15
        ? { verdict: 'met', reason: `PASSWORD_MIN_LENGTH is ${length}` }
        : { verdict: 'no', reason: `PASSWORD_MIN_LENGTH is ${length}; 15 is required` },
  },
  {
    id: '3.2.2',
    level: 2,
    requirement: 'At most 100 consecutive failures for an account',
    verdict: 'met',
    reason: 'ACCOUNT_FAILURES',
    check: ({ ACCOUNT_FAILURES }) => atMost(100, ACCOUNT_FAILURES, 'ACCOUNT_FAILURES'),
  },
]

/** @returns the rows of the profile, with the verdict for this configuration */
export function assess(profile: Profile, config: Config): AssuranceRow[] {
  const rows = profile === 'aal2' ? aal2Rows : asvsRows.filter(({ level }) => level <= 2)
  return rows.map(row => ({ ...row, ...row.check?.(config) }))
}

/** The rows as Markdown, for docs/assurance.md. */
export function assuranceTable(rows: readonly AssuranceRow[]): string {
  const lines = rows.map(({ id, level, requirement, verdict, reason, check }) => {
    const shown = check === undefined ? verdict : `${verdict}, by setting`
    return `| ${id} | ${level} | ${requirement} | ${shown} | ${reason} |`
  })
  return ['| no. | level | requirement | verdict | reason |', '| --- | --- | --- | --- | --- |', ...lines].join('\n')
}

/** Every value that the setting accepts meets the requirement. */
function metWith(
  name: 'PASSWORD_MIN_LENGTH' | 'RESET_CODE_SECONDS' | 'SESSION_IDLE_SECONDS' | 'SESSION_SECONDS',
): Check {
  return config => ({ verdict: 'met', reason: `${name} is ${config[name]}` })
}

function unlessRsa(reason: string): Check {
  return ({ SIGNING_ALGORITHM: algorithm }) =>
    algorithm === 'RS256'
      ? { verdict: 'partly', reason }
      : { verdict: 'met', reason: `SIGNING_ALGORITHM is ${algorithm}` }
}

function atMost(limit: number, value: number, name: string): ReturnType<Check> {
  return value <= limit
    ? { verdict: 'met', reason: `${name} is ${value}` }
    : { verdict: 'no', reason: `${name} is ${value}; at most ${limit} are allowed` }
}
