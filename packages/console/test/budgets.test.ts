/** What browsers download, compressed as the service sends it. A page that grows past its budget fails here. */
import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const folder = fileURLToPath(new URL('../../dist/pages/', import.meta.url))
interface Page {
  /** What the browser loads at once. */
  scripts: string[]
  style: string
}
const { pages } = JSON.parse(readFileSync(`${folder}manifest.json`, 'utf8')) as { pages: Record<string, Page> }

/** `whole`: with what the first log-in or the first error loads. */
const budgets: [page: string, signedIn: number, whole: number][] = [
  ['console', 35_000, 35_000],
  ['account', 12_000, 14_000],
  ['device', 13_000, 15_000],
]

const sizeOf = (files: readonly string[]) => files.reduce((sum, file) => sum + statSync(`${folder}${file}.gz`).size, 0)

/** What a script imports, at once or later. */
function importsOf(file: string): string[] {
  const script = readFileSync(folder + file, 'utf8')
  return [...script.matchAll(/(?:from|import\(?)\s*["']\.\/([\w-]+\.js)["']/g)].map(([, name = '']) => name)
}

for (const [name, signedIn, whole] of budgets) {
  const { scripts = [], style = '' } = pages[name] ?? {}
  const all = [...scripts]
  for (const file of all) all.push(...importsOf(file).filter(found => !all.includes(found)))

  t.test(`${name}: at most ${signedIn} bytes for a signed-in user, ${whole} with log-in and errors`, async t => {
    t.ok(sizeOf(scripts) <= signedIn, `${sizeOf(scripts)} bytes`)
    t.ok(sizeOf(all) <= whole, `${sizeOf(all)} bytes`)
    t.ok(sizeOf([style]) <= 6_000, `${sizeOf([style])} bytes of style`)
  })

  if (name !== 'console') {
    t.test(`the scripts of ${name} contain no call of the admin API`, async t => {
      for (const file of all) t.notMatch(readFileSync(folder + file, 'utf8'), /admin\//, file)
    })
  }
}
