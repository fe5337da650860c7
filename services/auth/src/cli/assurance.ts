/** OWASP ASVS 5.0 and NIST SP 800-63B-4, row by row: what is met, and what the configuration decides. */
import type { Config } from '../config.ts'
import { asvsRows } from './asvsRows.ts'

/** `operator`: the operator's; `setting`: the configuration decides. */
export type Verdict = 'met' | 'partly' | 'no' | 'operator'

export interface AssuranceRow {
  /** The number of the requirement, as the standard prints it. */
  id: string
  level: 1 | 2 | 3
  requirement: string
  verdict: Verdict
  reason: string
  /** Overrides verdict and reason by the running configuration. */
  check?: (config: Config) => { verdict: Verdict; reason: string }
}

export const profiles = ['asvs-l2', 'aal2'] as const
export type Profile = (typeof profiles)[number]

const hour = 3600
const day = 24 * hour

/** NIST SP 800-63B-4 section 2.2, for AAL2. */
export const aal2Rows: readonly AssuranceRow[] = [
  {
    ...{ id: '2.2.1', level: 2, requirement: 'Two authentication factors', verdict: 'no' },
    reason: 'the password is the only factor; put an identity provider with a second factor in front',
  },
  {
    ...{ id: '2.2.2', level: 2, requirement: 'A phishing-resistant option', verdict: 'no' },
    reason: 'no passkeys yet',
  },
  {
    ...{ id: '2.2.3', level: 2, requirement: 'Reauthentication at least every 24 hours', verdict: 'partly' },
    reason: 'SESSION_SECONDS and SHORT_SESSION_SECONDS',
    check: ({ SESSION_SECONDS, SHORT_SESSION_SECONDS }) =>
      within(Math.max(SESSION_SECONDS, SHORT_SESSION_SECONDS), day, 'SESSION_SECONDS'),
  },
  {
    ...{ id: '2.2.3', level: 2, requirement: 'Reauthentication after one hour of inactivity', verdict: 'partly' },
    reason: 'SESSION_IDLE_SECONDS and SHORT_SESSION_IDLE_SECONDS',
    check: ({ SESSION_IDLE_SECONDS, SHORT_SESSION_IDLE_SECONDS }) =>
      within(Math.max(SESSION_IDLE_SECONDS, SHORT_SESSION_IDLE_SECONDS), hour, 'SESSION_IDLE_SECONDS'),
  },
  {
    ...{ id: '3.1.1.2', level: 2, requirement: 'A password has 15 characters, or 8 beside a second factor' },
    ...{ verdict: 'met', reason: 'PASSWORD_MIN_LENGTH' },
    check: ({ PASSWORD_MIN_LENGTH: length }) =>
      length >= 15
        ? { verdict: 'met', reason: `PASSWORD_MIN_LENGTH is ${length}` }
        : { verdict: 'no', reason: `PASSWORD_MIN_LENGTH is ${length}; 15 is required` },
  },
  {
    ...{ id: '3.2.2', level: 2, requirement: 'At most 100 consecutive failures for an account', verdict: 'met' },
    reason: 'ACCOUNT_FAILURES',
    check: ({ ACCOUNT_FAILURES: failures }) =>
      failures <= 100
        ? { verdict: 'met', reason: `ACCOUNT_FAILURES is ${failures}` }
        : { verdict: 'no', reason: `ACCOUNT_FAILURES is ${failures}; at most 100 are allowed` },
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

function within(seconds: number, limit: number, name: string): { verdict: Verdict; reason: string } {
  return seconds <= limit
    ? { verdict: 'met', reason: `${name} is ${seconds}` }
    : { verdict: 'no', reason: `${name} is ${seconds}; at most ${limit} are allowed` }
}
