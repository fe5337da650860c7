/** `gatehouse doctor --profile`: rows of a standard with the verdicts for the configuration. */
import t from 'tap'
import { assess } from '../../src/cli/assurance.ts'
import { readConfig } from '../../src/config.ts'
import { environmentFor } from '../helpers/service.ts'

const configWith = (settings: Record<string, string> = {}) =>
  readConfig({ ...environmentFor('postgresql://127.0.0.1/none'), ...settings })

t.test('profile: the verdict of a row follows the configuration', async t => {
  const verdict = (profile: 'asvs-l2' | 'aal2', id: string, settings: Record<string, string>) =>
    assess(profile, configWith(settings)).find(row => row.id === id)?.verdict
  const cases: ['asvs-l2' | 'aal2', string, string, Record<string, string>][] = [
    ['asvs-l2', '3.3.3', 'partly', {}],
    ['asvs-l2', '3.3.3', 'met', { COOKIE_NAME: '__Host-session', COOKIE_PATH: '/' }],
    ['asvs-l2', '3.4.1', 'operator', {}],
    ['asvs-l2', '3.4.1', 'met', { HSTS_SECONDS: '31536000', HSTS_SUBDOMAINS: 'true' }],
    ['aal2', '3.2.2', 'met', {}],
    ['aal2', '3.2.2', 'no', { ACCOUNT_FAILURES: '101' }],
    ['aal2', '3.1.1.2', 'no', { PASSWORD_MIN_LENGTH: '14' }],
    ['aal2', '2.2.3', 'no', {}],
    [
      'aal2',
      '2.2.3',
      'met',
      { SESSION_SECONDS: '86400', SESSION_IDLE_SECONDS: '3600', SHORT_SESSION_IDLE_SECONDS: '3600' },
    ],
  ]
  for (const [profile, id, expected, settings] of cases)
    t.equal(verdict(profile, id, settings), expected, `${profile} ${id} ${JSON.stringify(settings)}`)
})

t.test('profile: every row has a number, a reason and a verdict, and no number appears twice in ASVS', async t => {
  const rows = assess('asvs-l2', configWith())
  t.ok(rows.length > 80, `${rows.length} rows`)
  t.equal(new Set(rows.map(({ id }) => id)).size, rows.length)
  for (const { id, reason, verdict } of rows) t.ok(/^\d+\.\d+\.\d+$/.test(id) && reason !== '' && verdict, id)
})
