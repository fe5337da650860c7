/** Tables and cards for the terminal. */
import t from 'tap'
import { card, table } from '../../src/cli/table.ts'

t.test('table: columns are as wide as their widest cell', async t => {
  const rows = [
    { name: 'a', scopes: ['x', 'y'] },
    { name: 'longer', scopes: [] },
  ]
  const text = table(rows, { name: ({ name }) => name, scopes: ({ scopes }) => scopes })
  t.equal(text, 'NAME    SCOPES\na       x y\nlonger  -')
})

t.test('table: replaces control characters', async t => {
  const evil = '\u001b[2Jgone\u0007\u009b31m\n\u202eslaver\u2066'
  t.notMatch(table([{ evil }], { evil: row => row.evil }).split('\n')[1], /[\p{Cc}\u202e\u2066]/u)
  t.notMatch(card({ [evil]: evil }), /\p{Cc}/u)
})

t.test('table: shortens times and shows a dash for a missing value', async t => {
  t.equal(card({ at: '2026-11-23T20:00:00.123Z', none: null }), 'at    2026-11-23 20:00:00\nnone  -')
})
