/** Each parser: the texts that it accepts, their values, and the texts that it rejects. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  flag,
  integer,
  list,
  networks,
  oneOf,
  optional,
  readSettings,
  reference,
  type Setting,
  SettingsError,
  text,
  url,
} from '@gatehouse/settings'
import t from 'tap'

const texts = { about: 'Something', why: 'It is required.' }

/** The parsed value, or the message of the error. */
function read<Value>(setting: Setting<Value>, given: string | undefined): Value | string {
  try {
    return readSettings({ IT: setting }, { IT: given }).IT
  } catch (error) {
    if (error instanceof SettingsError) return error.message
    throw error
  }
}

const cases: Record<string, { setting: Setting<unknown>; takes: [string, unknown][]; refuses: string[] }> = {
  'a text': {
    setting: text(texts),
    takes: [
      ['x', 'x'],
      [' x ', 'x'],
      ['two\nlines', 'two\nlines'],
    ],
    refuses: ['a\0b', '   '],
  },
  'a text of a pattern': {
    setting: text({ ...texts, pattern: /^[a-z]+$/, wants: 'small letters' }),
    takes: [['abc', 'abc']],
    refuses: ['ABC', 'a b', 'a\nb'],
  },
  'a whole number': {
    setting: integer(null, [-1, 100], texts),
    takes: [
      ['0', 0],
      ['100', 100],
      ['007', 7],
    ],
    refuses: ['101', '-1', '1.0', '1e1', '0x1', '1_0', '٣', 'NaN', 'Infinity', '9'.repeat(16)],
  },
  'a flag': {
    setting: flag(texts),
    takes: [
      ['true', true],
      ['false', false],
    ],
    refuses: ['TRUE', '1', 'no'],
  },
  'one of': { setting: oneOf({ ...texts, choices: ['a', 'b'] }), takes: [['b', 'b']], refuses: ['c', 'A', 'a,b'] },
  'a URL': {
    setting: url(texts),
    takes: [
      ['https://a.example', 'https://a.example'],
      ['http://a.example/', 'http://a.example'],
      ['http://a.example/b//', 'http://a.example/b'],
      ['http://[::1]:3000', 'http://[::1]:3000'],
    ],
    refuses: [
      ...['a.example', 'ftp://a.example', 'javascript:alert(1)', 'http://', 'http://a b', '//a.example'],
      ...['http://a.example/?b', 'http://a.example?', 'http://a.example/#b', 'http://a:b@c.example'],
    ],
  },
  'a list': {
    setting: list(oneOf({ ...texts, choices: ['a', 'b'] })),
    takes: [
      ['a', ['a']],
      [' a , b ', ['a', 'b']],
      ['a,,b,', ['a', 'b']],
    ],
    refuses: ['a,c', 'a;b'],
  },
  'an optional': {
    setting: optional(flag(texts)),
    takes: [
      ['true', true],
      ['', null],
    ],
    refuses: ['x'],
  },
  networks: {
    setting: networks(texts),
    takes: [
      ['', null],
      ['10.0.0.1', '10.0.0.1'],
      ['10.0.0.0/8, ::1 ,fd00::/8', '10.0.0.0/8,::1,fd00::/8'],
      ['loopback', 'loopback'],
    ],
    refuses: ['true', '*', '1', '10.0.0.0/8/8', '10.0.0', 'localhost', 'a,b', '10.0.0.0/-1', '10.0.0.0/33', '::/129'],
  },
}

for (const [name, { setting, takes, refuses }] of Object.entries(cases)) {
  t.test(`${name}: accepts the valid texts and rejects the others`, t => {
    for (const [given, value] of takes) t.same(read(setting, given), value, JSON.stringify(given))
    for (const given of refuses) t.match(read(setting, given), `IT must be ${setting.wants}`, JSON.stringify(given))
    t.end()
  })
}

t.test('readSettings: uses the fallback of an unset variable, and names a required one', t => {
  t.equal(read(text({ ...texts, fallback: 'f' }), undefined), 'f')
  t.equal(read(text({ ...texts, fallback: 'f' }), ''), 'f', 'an empty variable counts as unset')
  t.equal(read(text(texts), undefined), 'IT is not set: it must be a text. It is required.')
  t.end()
})

t.test('readSettings: lists every missing and every invalid variable, each on its line', t => {
  const table = { A: text(texts), B: flag(texts), C: text({ ...texts, fallback: 'f' }) }
  t.throws(() => readSettings(table, { B: 'maybe' }), {
    message: /^A is not set: it must be a text.*\nB must be "true" or "false", not "maybe"[^\n]*$/,
  })
  t.end()
})

t.test('SettingsError: shows the given text up to a limit, and never a secret', t => {
  t.equal(read(flag(texts), 'maybe'), 'IT must be "true" or "false", not "maybe". It is required.')
  t.ok(String(read(flag(texts), 'x'.repeat(1000))).length < 200)
  t.equal(read(flag({ ...texts, isSecret: true }), 'canary'), 'IT must be "true" or "false". It is required.')
  t.end()
})

t.test('readSettings: reads NAME_FILE for secrets only', async t => {
  const file = join(t.testdir(), 'secret')
  await writeFile(file, 'from the file\n')
  const secret = { IT: text({ ...texts, isSecret: true }) }
  t.equal(readSettings(secret, { IT_FILE: file }).IT, 'from the file')
  t.throws(() => readSettings(secret, { IT: 'x', IT_FILE: file }), { message: /both set/ })
  t.throws(() => readSettings(secret, { IT_FILE: `${file}.not` }), { message: /^IT_FILE names a file that cannot/ })
  t.throws(() => readSettings({ IT: text(texts) }, { IT_FILE: file }), { message: /^IT is not set/ })
  t.equal(await readFile(file, 'utf8'), 'from the file\n')
})

t.test('reference: has a row for each variable with its default and reason', t => {
  const table = {
    A: flag({ ...texts, fallback: 'true' }),
    B: text({ ...texts, isSecret: true }),
    C: optional(flag(texts)),
  }
  t.same(reference(table).split('\n').slice(2), [
    '| `A` | Something | `true` | It is required. |',
    '| `B` or `B_FILE` | Something | required | It is required. |',
    '| `C` | Something | none | It is required. |',
  ])
  t.end()
})
