/** The release before this one runs beside this build, on this build's schema. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { type Service, systemOf, type Tokens } from '../src/system.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const tag = lastReleaseTag()

/** The newest tag of a release below this commit. */
function lastReleaseTag(): string | undefined {
  try {
    const find = ['describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD^']
    return execFileSync('git', find, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}

/** Builds the sources of a tag in a folder of its own. */
function buildRelease(t: Test, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-release-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const archive = execFileSync('git', ['archive', name], { cwd: root, maxBuffer: 2 ** 30 })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  const options = { cwd: folder, stdio: ['ignore', 2, 2] as ['ignore', 2, 2] }
  execFileSync('npx', ['-y', 'pnpm@12', 'install', '--frozen-lockfile', '--prefer-offline', '--silent'], options)
  execFileSync(process.execPath, ['packages/tools/scripts/run.mjs', 'build'], options)
  return folder
}

t.test(
  `upgrade: processes of ${tag ?? 'the last release'} and of this build renew and revoke each other's sessions`,
  { skip: tag === undefined ? 'SKIPPED: no tag v* of an earlier release' : false },
  async t => {
    const release = buildRelease(t, tag ?? '')
    const system = await systemOf(t, { resources: 1 })
    await system.addAuth({ release })
    await system.addResource({ release })
    const [current, earlier] = system.auths as [Service, Service]
    t.equal((await earlier.call('/readyz')).status, 200, 'the earlier release accepts the schema')
    const user = await system.createAccount('ada@example.org')
    for (const [first, second] of [
      [current, earlier],
      [earlier, current],
    ] as const) {
      const { refreshToken } = await system.login(user, first)
      const renewed = await second.call('/session/renew', { body: { refreshToken } })
      t.equal(renewed.status, 200)
      const { accessToken: token, refreshToken: next } = renewed.body as Tokens
      for (const { call } of system.resources) t.equal((await call('/storage', { token })).status, 200)
      t.equal((await first.call('/session', { method: 'DELETE', body: { refreshToken: next } })).status, 204)
      for (const { call } of system.resources)
        t.match(await call('/storage', { token }), { status: 401, body: { code: 'session-ended' } })
    }
  },
)
