/** The documentation names only what exists: pages, headings, files, variables, metrics, routes and commands. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

process.chdir(fileURLToPath(new URL('../../../../../', import.meta.url)))

const inDocs = readdirSync('docs', { recursive: true, encoding: 'utf8' }).map(name => join('docs', name))
const inRoot = readdirSync('.')
const pages = [...inRoot, ...inDocs].filter(name => name.endsWith('.md') && name !== 'docs/licences.md')
const sources = execFileSync('git', ['ls-files', '-z', '--', '.', ':!*.md', ':!pnpm-lock.yaml'], { encoding: 'utf8' })
  .split('\0')
  .filter(name => existsSync(name) && !/\.(png|ico|gz)$/.test(name))
  .map(name => readFileSync(name, 'utf8'))
  .join('\n')

for (const page of pages) {
  const text = readFileSync(page, 'utf8')
  t.test(`${page}: each link leads to a file and a heading that exist`, async t => {
    for (const [, path = '', heading] of text.matchAll(/\]\(([^)#\s]*)(?:#([^)]*))?\)/g)) {
      if (/^https?:/.test(path)) continue
      const target = path === '' ? page : normalize(join(dirname(page), path))
      t.ok(existsSync(target), `${page}: ${path}`)
      if (heading !== undefined) t.ok(headingsOf(target).includes(heading), `${page}: ${path}#${heading}`)
    }
  })

  t.test(`${page}: each file, variable, metric, route and command exists`, async t => {
    for (const path of names(text, /(?<![\w@/])((?:packages|services|prisma)\/[\w./-]*\w)/g))
      t.ok(existsSync(path), path)
    for (const name of names(text, /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g))
      t.ok(sources.includes(name.replace(/_FILE$/, '')), name)
    // Configurations of other programs have names that look like metrics.
    const withoutOthers = text.replace(/```(?:yaml|haproxy)\n[\s\S]*?```/g, '')
    for (const name of names(withoutOthers, /\b((?:gatehouse|http)_[a-z_]+)\b/g)) t.ok(sources.includes(name), name)
    for (const route of names(text, /`(?:GET|POST|PUT|PATCH|DELETE) (\/[\w/{}.-]+)/g)) t.ok(isRoute(route), route)
    for (const name of names(text, /gatehouse ((?:users|sessions|guards|clients|audit|receipts) [a-z-]+)/g))
      t.ok(sources.includes(`'${name}'`), `gatehouse ${name}`)
  })
}

function names(text: string, form: RegExp): Set<string> {
  return new Set([...text.matchAll(form)].map(([, name = '']) => name))
}

/** Admin routes are registered below their prefix. */
function isRoute(route: string): boolean {
  const path = route.replace(/\{(\w+)\}/g, ':$1')
  return [path, path.replace(/^\/admin/, '')].some(form => sources.includes(`'${form}'`))
}

/** As GitHub makes them. */
function headingsOf(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line.startsWith('#'))
    .map(line =>
      line
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    )
}
