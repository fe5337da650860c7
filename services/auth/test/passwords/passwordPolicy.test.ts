/** Rules for new passwords. */
import t from 'tap'
import { settings } from '../../src/config.ts'
import { contextWordsOf, createPasswordPolicy } from '../../src/passwords/passwordPolicy.ts'

const rules = { minLength: 15, contextWords: contextWordsOf('https://login.warehouse.example') }
const check = createPasswordPolicy(rules)
const options = { field: 'body/newPassword', email: 'ada.lovelace@analytical.example' }

const refused = [
  'fourteen chars',
  'passwordpassword',
  'password12345678',
  'Password-2026-Password',
  'P@ssw0rdP@ssw0rd',
  'qwertyuiopasdfghjkl',
  'iloveyouiloveyou',
  'dragonmonkey1234',
  '123456789012345678',
  'aaaaaaaaaaaaaaaaaa',
  'abababababababab',
  'abcdefghijklmnopq',
  'warehouse2026warehouse',
  'Gatehouse!Gatehouse!',
  'lovelacelovelace1',
  'analytical-analytical',
  'ada.lovelace@analytical.example',
  'x'.repeat(129),
]

const accepted = [
  'correct horse battery staple',
  'a new and longer passphrase',
  'kJ8#vQ2!pW5$zR9',
  'münchen liegt an der isar',
  '雪月花鳥風山川草木空海星雲雨風',
]

t.test('password policy: refuses short, common, repeated, sequential and context passwords, unrepeated', async t => {
  for (const password of refused) {
    const error = t.throws(() => check(password, options), { code: 'request-malformed' }, password)
    t.notOk(JSON.stringify(error).includes(password), 'the error does not repeat the password')
  }
})

t.test('password policy: accepts passphrases and random passwords', async t => {
  for (const password of accepted) t.doesNotThrow(() => check(password, options), password)
})

t.test('password policy: requires 15 characters by default', async t => {
  t.equal(settings.PASSWORD_MIN_LENGTH.fallback, '15')
  t.throws(() => createPasswordPolicy({ ...rules, minLength: 20 })('kJ8#vQ2!pW5$zR9', options))
  t.doesNotThrow(() => createPasswordPolicy({ ...rules, minLength: 8 })('kJ8#vQ2!', options))
})
