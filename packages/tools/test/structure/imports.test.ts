/** Imports point in one direction: between packages, between layers, and between the folders of the auth service. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

process.chdir(fileURLToPath(new URL('../../../../../', import.meta.url)))

const belowAuth = ['guard-core', 'guard', 'console', 'schema-engine']
/** What each published package and service can import. Test tools import all but services. */
const allowed: Record<string, readonly string[]> = {
  contract: [],
  clock: [],
  settings: [],
  tracing: [],
  'schema-engine': [],
  protocol: ['contract'],
  http: ['contract', 'clock'],
  'guard-core': ['contract', 'clock', 'protocol'],
  guard: ['contract', 'clock', 'protocol', 'http', 'guard-core'],
  conformance: ['contract', 'clock', 'protocol'],
  client: ['contract'],
  console: ['client', 'contract'],
  resource: ['contract', 'clock', 'settings', 'tracing', 'http', 'guard-core', 'guard'],
  auth: ['contract', 'clock', 'settings', 'tracing', 'protocol', 'http', ...belowAuth],
}

interface Import {
  file: string
  from: string
}

const files = execFileSync('git', ['ls-files', '-z', '--', 'packages/*.ts', 'packages/*.tsx', 'services/*.ts'], {
  encoding: 'utf8',
})
  .split('\0')
  .filter(file => existsSync(file) && !file.includes('/generated/'))
const imports: Import[] = files.flatMap(file =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'|\bimport\('([^']+)'\)/gm)].map(
    ([, named, dynamic]) => ({ file, from: named ?? dynamic ?? '' }),
  ),
)

/** `packages/guard/src/x.ts` is in guard; `@gatehouse/guard` is guard. */
function packageOf(name: string): string | undefined {
  return /^(?:packages|services)\/([\w-]+)\//.exec(name)?.[1] ?? /^@gatehouse\/([\w-]+)/.exec(name)?.[1]
}

/** @returns a circle as a list of names, or undefined */
function circleIn(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>()
  const visit = (name: string, path: string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name]
    if (done.has(name)) return undefined
    for (const next of edges.get(name) ?? []) {
      const circle = visit(next, [...path, name])
      if (circle) return circle
    }
    done.add(name)
    return undefined
  }
  for (const name of edges.keys()) {
    const circle = visit(name, [])
    if (circle) return circle
  }
  return undefined
}

function edgesOf(pairs: readonly (readonly [string, string])[]): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>()
  for (const [from, to] of pairs) edges.set(from, (edges.get(from) ?? new Set()).add(to))
  return edges
}

t.test('imports are found', async t => {
  t.ok(imports.length > 1000)
  t.ok(imports.some(({ from }) => from === '@gatehouse/contract'))
})

t.test('packages: sources import only lower layers', async t => {
  for (const { file, from } of imports) {
    const importer = packageOf(file) ?? ''
    const imported = from.startsWith('@gatehouse/') ? packageOf(from) : undefined
    if (imported === undefined || imported === importer || !file.includes('/src/')) continue
    const layer = allowed[importer]
    if (layer === undefined) t.notOk(['auth', 'resource'].includes(imported), `${file} imports a service`)
    else
      t.ok(layer.includes(imported), `${file} imports ${from}: ${importer} can import ${layer.join(', ') || 'nothing'}`)
  }
})

t.test('packages: no relative import leaves its package', async t => {
  for (const { file, from } of imports) {
    if (!from.startsWith('.')) continue
    t.equal(packageOf(normalize(join(dirname(file), from))), packageOf(file), `${file} imports ${from}`)
  }
})

t.test('packages: no circle', async t => {
  const pairs = imports.flatMap(({ file, from }) => {
    const [importer, imported] = [packageOf(file), from.startsWith('@gatehouse/') ? packageOf(from) : undefined]
    return importer && imported && importer !== imported && file.includes('/src/')
      ? [[importer, imported] as const]
      : []
  })
  t.equal(circleIn(edgesOf(pairs))?.join(' -> '), undefined)
})

t.test('auth: no circle between folders', async t => {
  const root = 'services/auth/src/'
  const folderOf = (path: string) =>
    path.slice(root.length).includes('/') ? path.slice(root.length).split('/')[0] : undefined
  const pairs = imports.flatMap(({ file, from }) => {
    if (!file.startsWith(root) || !from.startsWith('.')) return []
    const [importer, imported] = [folderOf(file), folderOf(normalize(join(dirname(file), from)))]
    if (!importer || !imported || importer === imported || imported === 'generated') return []
    return [[importer, imported] as const]
  })
  t.equal(circleIn(edgesOf(pairs))?.join(' -> '), undefined)
})

t.test('replies: no service sends past its framework, where request metrics and headers would be missing', async t => {
  const sources = files.filter(file => /^(packages|services)\/[^/]+\/src\//.test(file))
  const unexpected = sources.filter(file => readFileSync(file, 'utf8').includes('.hijack('))
  t.strictSame(unexpected, [])
})
