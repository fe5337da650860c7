/** Configuration errors: one sentence that names the variable, what it must be and why. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readConfig, settings } from '../src/config.ts'
import { environment } from './helpers/service.ts'

t.test('readConfig: names a required variable that is not set', async t => {
  for (const [name, { fallback }] of Object.entries(settings)) {
    if (fallback !== undefined) continue
    for (const value of [undefined, '']) {
      t.throws(() => readConfig(environment({ [name]: value })), {
        message: new RegExp(`^${name} is not set: it must be`),
      })
    }
  }
})

t.test('readConfig: names a variable that is not valid, and what it must be', async t => {
  const wrong: Record<string, string> = {
    PORT: 'canary',
    ISSUER: 'ftp://canary',
    AUTH_URLS: 'http://a,canary',
    PUBLIC_KEY: 'canary',
    TRUST_PROXY: 'canary',
    LOG_LEVEL: 'canary',
    CLOCK_TOLERANCE_MS: '60001',
    DRAIN_MS: '-1',
  }
  for (const [name, value] of Object.entries(wrong)) {
    t.throws(() => readConfig(environment({ [name]: value })), { message: new RegExp(`^${name} must be .+\\.`) })
  }
  t.throws(() => readConfig(environment({ PUBLIC_KEY: '-----BEGIN PRIVATE KEY-----' })), {
    message: /not a private one/,
  })
})

t.test('readConfig: reads a secret from a file and never shows it', async t => {
  const path = join(t.testdir({}), 'secret')
  writeFileSync(path, 'from a file\n')
  const { CLIENT_SECRET, ...rest } = environment({ CLIENT_SECRET_FILE: path })
  t.ok(CLIENT_SECRET)
  t.equal(readConfig(rest).CLIENT_SECRET, 'from a file')
  t.throws(() => readConfig({ ...rest, CLIENT_SECRET_FILE: '/nowhere' }), {
    message: /^CLIENT_SECRET_FILE names a file/,
  })
  t.throws(() => readConfig(environment({ PUBLIC_KEY: 'canary' })), { message: /^(?!.*canary)/ })
})

t.test('readConfig: uses the defaults of the table', async t => {
  t.match(readConfig(environment({})), { PORT: 4000, HOST: '127.0.0.1', AUTH_URLS: { length: 0 }, TRUST_PROXY: null })
  t.match(readConfig(environment({ TRUST_PROXY: '10.0.0.0/8, loopback' })), { TRUST_PROXY: '10.0.0.0/8,loopback' })
})
