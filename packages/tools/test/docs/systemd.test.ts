/** The systemd units of the guide: systemd accepts them, and the services accept their variables. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../../../../../', import.meta.url))
const guide = readFileSync(`${root}docs/operations/systemd.md`, 'utf8')
const units = [...guide.matchAll(/`\/etc\/systemd\/system\/(gatehouse-(\w+)\.service)`:\n\n```ini\n([\s\S]*?)```/g)]
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-systemd-'))
t.teardown(() => rmSync(folder, { recursive: true }))

t.test('systemd: the guide has a unit for each service', async t => {
  t.strictSame(
    units.map(([, , service]) => service),
    ['auth', 'resource', 'gateway'],
  )
})

for (const [, name = '', service = '', unit = ''] of units) {
  const skip = hasSystemd ? false : 'systemd-analyze is not installed'
  t.test(`systemd ${name}: systemd-analyze reports nothing`, { skip }, async t => {
    const file = join(folder, name)
    // The path of Node differs between machines.
    writeFileSync(file, unit.replace('/usr/bin/node', process.execPath))
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
    t.equal(`${stdout}${stderr}`, '')
    t.equal(status, 0)
  })
  // Its variables are those of render.sh.
  if (service === 'gateway') continue

  t.test(`systemd ${name}: every variable is known, and names a credential that the unit loads`, async t => {
    const { settings } = (await import(`${root}services/${service}/dist/src/config.js`)) as {
      settings: Record<string, { isSecret?: true; fallback?: string; parse: (text: string) => unknown }>
    }
    const credentials = [...unit.matchAll(/^LoadCredential=([\w-]+):/gm)].map(([, credential]) => credential)
    const given = [...unit.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, variable = '', value = '']) => ({
      variable,
      value,
    }))
    for (const { variable, value } of given.filter(item => item.variable !== 'UV_THREADPOOL_SIZE')) {
      const setting = settings[variable.replace(/_FILE$/, '')]
      t.ok(setting, variable)
      const [, credential] = /^%d\/(.*)$/.exec(value) ?? []
      if (setting?.isSecret) t.ok(credentials.includes(credential), `${variable} is loaded`)
      else t.not(setting?.parse(value), undefined, `${variable}=${value}`)
    }
    const names = given.map(({ variable }) => variable.replace(/_FILE$/, ''))
    const missing = Object.entries(settings).filter(
      ([variable, { fallback }]) => fallback === undefined && !names.includes(variable),
    )
    t.strictSame(missing, [], 'every required variable is set')
  })
}
