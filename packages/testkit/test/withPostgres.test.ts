/** The launcher of tests. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProcess } from '@gatehouse/testkit'
import { type Test, test } from 'tap'

const entry = fileURLToPath(new URL('../src/withPostgres.js', import.meta.url))
const env = { DATABASE_URL: undefined, TEST_DATABASE_URL: undefined }

async function files(t: Test, contents: Record<string, string>): Promise<(name: string) => string> {
  const folder = t.testdir()
  for (const [name, content] of Object.entries(contents)) await writeFile(join(folder, name), content)
  return name => join(folder, name)
}

const child = `
  process.on('SIGTERM', () => process.exit(7))
  console.log('template ' + process.env.GATEHOUSE_TEST_TEMPLATE + ' on ' + process.env.GATEHOUSE_TEST_POSTGRES)
  setInterval(() => {}, 1000)
`
const migrate = `export async function migrate({ connectionString }) { console.log('migrating ' + connectionString) }`

test('withPostgres: passes a migrated template and signals to the child, and returns its exit code', async t => {
  const path = await files(t, { 'child.mjs': child, 'migrate.mjs': migrate })
  const parameters = ['--migrate', path('migrate.mjs'), '--', process.execPath, path('child.mjs')]
  const run = await startProcess({ entry, arguments: parameters, env, readyWhen: /template (\S+ on \S+)/ })
  const [template, server] = run.ready.split(' on ')
  t.ok(run.logs.some(proxy => proxy.startsWith('migrating ') && proxy.endsWith(`/${template}`)))
  t.equal(await run.stop(), 7)
  await t.rejects(fetch(String(server).replace(/^postgresql:\/\/[^@]*@/, 'http://')), 'the server has stopped')
})

test('withPostgres: uses a given server and leaves it running', async t => {
  const path = await files(t, { 'child.mjs': child })
  const given = { TEST_DATABASE_URL: process.env['GATEHOUSE_TEST_POSTGRES'] }
  const run = await startProcess({
    entry,
    arguments: ['--', process.execPath, path('child.mjs')],
    env: given,
    readyWhen: /template \S+ on (\S+)/,
  })
  t.equal(run.ready, given.TEST_DATABASE_URL)
  t.equal(await run.stop(), 7)
})

test('withPostgres: prints the usage without a command', async t => {
  await t.rejects(startProcess({ entry, env, readyWhen: /template/ }), {
    message: /code 2[\s\S]*Usage: withPostgres.js/,
  })
})

test('withPostgres: names a module without migrate, and stops the server', async t => {
  const path = await files(t, { 'empty.mjs': '' })
  const parameters = ['--migrate', path('empty.mjs'), '--', process.execPath]
  await t.rejects(startProcess({ entry, arguments: parameters, env, readyWhen: /template/ }), {
    message: /exports no function named migrate/,
  })
})
