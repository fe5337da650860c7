/** Under which licences the packages stand that the services run with, as a document. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

interface Manifest {
  name: string
  license?: string | { type: string }
  os?: string[]
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

const roots = ['services/auth', 'services/resource']

export function licencesDocument(): string {
  const byLicence = new Map<string, string[]>()
  for (const [name, licence] of [...productionLicences()].sort(([left], [right]) => (left < right ? -1 : 1))) {
    byLicence.set(licence, [...(byLicence.get(licence) ?? []), name])
  }
  const rows = [...byLicence]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([licence, names]) => `| ${licence} | ${names.length} | ${names.join(', ')} |`)
  return `# Licences

Made by \`npx pnpm run docs\` from the packages that the auth and the resource service run with. Builds for one platform stand
under the licence of the package that wants them. Gatehouse itself: Apache-2.0.

| licence | packages | which |
| --- | --- | --- |
${rows.join('\n')}
`
}

/** By name: another version rarely changes it, and versions stand in the lock file. */
export function productionLicences(): Map<string, string> {
  const found = new Map<string, string>()
  const seen = new Set<string>()
  const waiting = roots.map(root => realpathSync(root))
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    if (seen.has(folder)) continue
    seen.add(folder)
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    if (!manifest.name.startsWith('@gatehouse/')) found.set(manifest.name, licenceOf(manifest))
    const wanted = { ...manifest.dependencies, ...manifest.optionalDependencies }
    for (const name of Object.keys(wanted)) {
      const place = placeOf(name, folder)
      // Optional ones are there on their platform only; what differs between machines is no part of a document.
      if (place !== undefined && !isForOnePlatform(place)) waiting.push(place)
    }
  }
  return found
}

function licenceOf({ license }: Manifest): string {
  return (typeof license === 'string' ? license : license?.type) ?? 'not said'
}

/** As Node looks for it: the nearest `node_modules` upwards. */
function placeOf(name: string, from: string): string | undefined {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name)
    if (existsSync(join(place, 'package.json'))) return realpathSync(place)
  }
  return undefined
}

function isForOnePlatform(folder: string): boolean {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest).os !== undefined
}
