/** What browsers download, compressed. A page that grows past its budget fails here. */
import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const folder = fileURLToPath(new URL('../../dist/pages/', import.meta.url))
interface Page {
  /** What the browser loads at once: the script of the page first. */
  scripts: string[]
  style: string
}
const { pages } = JSON.parse(readFileSync(`${folder}manifest.json`, 'utf8')) as { pages: Record<string, Page> }
const budgets: [page: string, atStart: number, withView: number][] = [
  ['console', 35_000, 36_000],
  ['account', 12_000, 15_000],
  ['device', 12_000, 15_000],
]

const sizeOf = (files: readonly string[]) => files.reduce((sum, file) => sum + statSync(`${folder}${file}.gz`).size, 0)

/** What a script imports: with `from` at once, with `import(` later. */
function importsOf(file: string, how = /from|import\(?/): string[] {
  const pattern = new RegExp(`(?:${how.source})\\s*["']\\./(part-\\w+\\.js)["']`, 'g')
  return [...readFileSync(folder + file, 'utf8').matchAll(pattern)].map(([, name = '']) => name)
}

for (const [name, atStart, withView] of budgets) {
  const { scripts = [], style = '' } = pages[name] ?? {}
  const all = [...scripts]
  for (const file of all) all.push(...importsOf(file).filter(found => !all.includes(found)))

  t.test(`${name}: at most ${atStart} bytes of script at once, ${withView} with what a user sees first`, async t => {
    t.ok(sizeOf(scripts) <= atStart, `${sizeOf(scripts)} bytes`)
    const isView = (file: string) => /My devices|Connect a device/.test(readFileSync(folder + file, 'utf8'))
    const view = all.filter(file => !scripts.includes(file) && isView(file))
    const needed = new Set([...scripts, ...view, ...view.flatMap(file => importsOf(file, /from/))])
    t.ok(sizeOf([...needed]) <= withView, `${sizeOf([...needed])} bytes`)
    t.ok(sizeOf([style]) <= 6_000, 'the style')
  })

  if (name !== 'console') {
    t.test(`the scripts of ${name} contain no call of the admin API`, async t => {
      for (const file of all) t.notMatch(readFileSync(folder + file, 'utf8'), /admin\//, file)
    })
  }
}
