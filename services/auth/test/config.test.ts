/** Configuration errors: they name the variable, the expected value and the reason, and never show a secret. */
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '@gatehouse/clock'
import { SettingsError } from '@gatehouse/settings'
import t from 'tap'
import { buildApp } from '../src/app.ts'
import { readConfig, settings } from '../src/config.ts'
import { environmentFor } from './helpers/service.ts'

const good = environmentFor('postgresql://postgres:canary-password@127.0.0.1:5432/x')

/** The message of the configuration error; undefined when the configuration is accepted. */
function complaint(changes: Record<string, string | undefined>): string | undefined {
  try {
    readConfig({ ...good, ...changes })
    return undefined
  } catch (error) {
    if (error instanceof SettingsError) return error.message
    throw error
  }
}

const wrong: Record<string, [values: (string | undefined)[], says: RegExp]> = {
  ISSUER: [[undefined, '', 'auth.test', 'ftp://auth.test', '//auth.test', 'http://'], /http or https URL/],
  DATABASE_URL: [[undefined, '', 'mysql://x', 'localhost', 'postgres'], /postgresql:\/\/ URL/],
  KEY_ENCRYPTION_KEYS: [['x', `1:${'a'.repeat(63)}`, `1:${'A'.repeat(64)}`], /64 hex digits/],
  REFRESH_KEYS: [
    [undefined, 'x', `1:${'a'.repeat(63)}`, `1:${'A'.repeat(64)}`, `1:${'a'.repeat(64)};`],
    /64 hex digits/,
  ],
  SIGNING_ALGORITHM: [['HS256', 'none', 'es256'], /one of ES256, EdDSA, RS256/],
  PORT: [['http', '-1', '65536', '3000.5', '3e3', '0x10'], /whole number from 0 to 65535/],
  ACCESS_TOKEN_SECONDS: [['0', '3601', '5m'], /whole number from 1 to 3600/],
  LEASE_MS: [['199', '300001', '15s'], /whole number from 200/],
  COOKIE_NAME: [['session', '__secure-x', '__Host-', '__Secure-a;b'], /begins with __Secure- or __Host-/],
  COOKIE_PATH: [['session', '/a;b', '/a b', '/é'], /a path/],
  ALLOWED_ORIGINS: [
    ['*', 'shop.example', 'https://a.example,b', 'https://a.example/path', 'https://A.example'],
    /an origin/,
  ],
  TRUST_PROXY: [['none', 'everybody', '1', '10.0.0.0/8 10.1.0.0/16', '300.1.1.1'], /addresses or networks/],
  LOG_LEVEL: [['verbose', 'INFO'], /one of fatal/],
  LOG_REQUESTS: [['yes', '1', 'True'], /"true" or "false"/],
  AUDIENCE: [['two words', 'x'.repeat(201), 'é'], /without spaces/],
  NAME: [['a b', 'x'.repeat(101)], /letters, digits, dots, underscores and dashes/],
}

t.test('readConfig: names a missing or invalid variable with the expected value and the reason', t => {
  for (const [name, [values, says]] of Object.entries(wrong)) {
    for (const value of values) {
      const message = complaint({ [name]: value }) ?? 'no error'
      t.ok(message.startsWith(`${name} `), `${name}=${value}: ${message}`)
      t.match(message, says)
      const { why } = settings[name as keyof typeof settings]
      t.ok(message.endsWith(why), 'gives the reason')
    }
  }
  t.equal(complaint({}), undefined)
  t.end()
})

t.test('readConfig: names both variables when they contradict each other', t => {
  const pooled = 'postgresql://u:p@h/x?pgbouncer=true'
  const notUrl = /^DATABASE_URL must be a postgresql:\/\/ URL, with %23 for a #/
  const pairs: [changes: Record<string, string>, says: RegExp][] = [
    [{ LEASE_MS: '10000', POLL_HOLD_MS: '5000' }, /^LEASE_MS must exceed twice POLL_HOLD_MS/],
    [{ LEASE_MS: '300000', LEASE_MARGIN_MS: '2999' }, /^LEASE_MARGIN_MS must be at least one per cent of LEASE_MS/],
    [{ REVOCATION_MARGIN_MS: '9999' }, /^REVOCATION_MARGIN_MS must be at least twice DATABASE_TIMEOUT_MS/],
    [{ RETRY_WINDOW_MS: '6000', DATABASE_TIMEOUT_MS: '5000' }, /^RETRY_WINDOW_MS must exceed DATABASE_TIMEOUT_MS/],
    [{ DATABASE_URL: pooled }, /^DATABASE_DIRECT_URL must be set when DATABASE_URL has pgbouncer=true/],
    [{ DATABASE_URL: pooled, DATABASE_DIRECT_URL: pooled }, /^DATABASE_DIRECT_URL must not have pgbouncer=true/],
    [{ SESSION_SECONDS: '10' }, /^SESSION_IDLE_SECONDS must not exceed SESSION_SECONDS/],
    [{ SHORT_SESSION_SECONDS: '10' }, /^SHORT_SESSION_IDLE_SECONDS must not exceed/],
    [{ DATABASE_URL: 'postgresql://u:canary@[h/x' }, notUrl],
    [{ DATABASE_URL: 'postgresql://u:1#canary@h/x' }, notUrl],
    [{ DATABASE_URL: 'postgresql://u:canary@h:99999/x' }, notUrl],
    [{ COOKIE_NAME: '__Host-x' }, /^COOKIE_PATH must be \/ when COOKIE_NAME/],
  ]
  for (const [changes, says] of pairs) {
    t.match(complaint(changes), says)
    t.notMatch(complaint(changes), /canary/)
  }
  t.equal(complaint({ COOKIE_NAME: '__Host-x', COOKIE_PATH: '/' }), undefined)
  t.end()
})

t.test('readConfig: never shows an invalid secret', t => {
  for (const name of ['DATABASE_URL', 'REFRESH_KEYS'] as const) {
    const message = complaint({ [name]: 'canary-secret' }) ?? ''
    t.match(message, new RegExp(`^${name} must be`))
    t.notMatch(message, /canary/)
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const config = readConfig({ ...good, SIGNING_KEY: key })
  return t.rejects(buildApp(config, systemClock), { message: /^SIGNING_KEY contains a key other than/ })
})

t.test('readConfig: requires a signing key, or a key that encrypts keys in the database', t => {
  const missing = { SIGNING_KEY: undefined }
  t.match(complaint(missing), /^SIGNING_KEY and KEY_ENCRYPTION_KEYS are both not set/)
  t.equal(complaint({ ...missing, KEY_ENCRYPTION_KEYS: `1:${'a'.repeat(64)}` }), undefined)
  t.end()
})

t.test('readConfig: reads a secret from a variable or a file, not from both', async t => {
  const folder = t.testdir()
  for (const name of ['DATABASE_URL', 'SIGNING_KEY', 'REFRESH_KEYS'] as const) {
    const file = join(folder, name)
    await writeFile(file, `${good[name]}\n`)
    t.equal(complaint({ [name]: undefined, [`${name}_FILE`]: file }), undefined, name)
    t.match(complaint({ [`${name}_FILE`]: file }), new RegExp(`^${name} and ${name}_FILE are both set`))
    const missing = complaint({ [name]: undefined, [`${name}_FILE`]: join(folder, 'nowhere') })
    t.match(missing, new RegExp(`^${name}_FILE names a file that cannot be read \\(ENOENT\\)`))
    t.match(complaint({ [name]: undefined, [`${name}_FILE`]: folder }), /cannot be read \(EISDIR\)/)
  }
  const read = readConfig({ ...good, REFRESH_KEYS: undefined, REFRESH_KEYS_FILE: join(folder, 'REFRESH_KEYS') })
  t.equal(read.REFRESH_KEYS, good['REFRESH_KEYS'], 'without the trailing line break')
})

t.test('settings: secrets have no default', t => {
  for (const [name, setting] of Object.entries(settings))
    if ('isSecret' in setting && setting.isSecret) t.notOk(setting.fallback, name)
  t.end()
})

t.test('readConfig: removes trailing slashes of the issuer', t => {
  t.equal(readConfig({ ...good, ISSUER: 'https://auth.example/' }).ISSUER, 'https://auth.example')
  t.equal(readConfig({ ...good, ISSUER: 'https://auth.example/base//' }).ISSUER, 'https://auth.example/base')
  t.end()
})
