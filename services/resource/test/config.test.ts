/** Bad configuration is one sentence that names the variable, what it wants and why. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readConfig, variables } from '../src/config.ts'
import { environment } from './fixture.ts'

t.test('what must be set and is not is named, and secrets have no default', async t => {
  for (const { name, default: standard, isSecret, why } of Object.values(variables)) {
    if (isSecret) t.equal(standard, null, name)
    if (standard !== null) continue
    for (const value of [undefined, '']) {
      t.throws(() => readConfig(environment({ [name]: value })), {
        message: new RegExp(`^${name} must be set: .*${why}`),
      })
    }
  }
})

t.test('a wrong value is named with what it should be, and never repeated', async t => {
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
    t.throws(() => readConfig(environment({ [name]: value })), {
      message: new RegExp(`^${name} wants (?!.*canary).*because`),
    })
  }
  t.throws(() => readConfig(environment({ PUBLIC_KEY: '-----BEGIN PRIVATE KEY-----' })), {
    message: /not a private one/,
  })
})

t.test('a secret may come from a file', async t => {
  const path = join(t.testdir({}), 'secret')
  writeFileSync(path, 'from a file\n')
  const { CLIENT_SECRET, ...rest } = environment({ CLIENT_SECRET_FILE: path })
  t.ok(CLIENT_SECRET)
  t.equal(readConfig(rest).clientSecret, 'from a file')
  t.throws(() => readConfig({ ...rest, CLIENT_SECRET_FILE: '/nowhere' }), {
    message: /^CLIENT_SECRET_FILE must name a file/,
  })
})

t.test('the defaults are what the table says', async t => {
  t.match(readConfig(environment({})), { port: 4000, host: '127.0.0.1', authUrls: [], trustProxy: undefined })
  t.match(readConfig(environment({ TRUST_PROXY: '10.0.0.0/8, loopback' })), { trustProxy: '10.0.0.0/8,loopback' })
})
