/** What browsers download, compressed. A page that grows past its budget fails here. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const folder = fileURLToPath(new URL('../../dist/pages/', import.meta.url))
const budgets: [prefix: string, maxBytes: number][] = [
  ['console-', 35_000],
  ['account-', 15_000],
  ['device-', 15_000],
  ['style-', 6_000],
]

function sizeOf(prefix: string): number {
  const [name = ''] = readdirSync(folder).filter(file => file.startsWith(prefix) && file.endsWith('.gz'))
  return statSync(folder + name).size
}

for (const [prefix, maxBytes] of budgets) {
  t.test(`${prefix}*.gz: at most ${maxBytes} bytes`, async t => {
    const bytes = sizeOf(prefix)
    t.ok(bytes <= maxBytes, `${bytes} bytes`)
  })
}

for (const page of ['account-', 'device-']) {
  t.test(`the script ${page}*.js contains no call of the admin API`, async t => {
    const name = readdirSync(folder).find(file => file.startsWith(page) && file.endsWith('.js')) ?? ''
    t.notMatch(readFileSync(folder + name, 'utf8'), /admin\//)
  })
}
