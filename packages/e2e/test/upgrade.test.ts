/** The release before this one runs beside this build, on this build's schema. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { type Service, systemOf, type Tokens } from '../src/system.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
/** 0.1.0, for clones without tags. */
const firstRelease = '47606881a23450f1cbcee00ff34f79a826a3927f'
const release = lastRelease()

/** The newest release below this commit. */
function lastRelease(): string | undefined {
  const git = (...args: string[]) => {
    try {
      return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    } catch {
      return undefined
    }
  }
  return (
    git('describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD^') ??
    git('rev-parse', '--verify', `${firstRelease}^{commit}`)
  )
}

/** Builds the services of a release in a folder of its own, as its Dockerfiles do. */
function buildRelease(t: Test, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-release-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const archive = execFileSync('git', ['archive', name], { cwd: root, maxBuffer: 2 ** 30 })
  execFileSync('tar', ['-x', '-C', folder, '--exclude=test', '--exclude=packages/e2e'], { input: archive })
  for (const command of [
    'npx -y pnpm@12 install --frozen-lockfile --prefer-offline --silent',
    'node node_modules/prisma/build/index.js generate --no-hints',
    'node_modules/.bin/tsc -b services/auth services/resource',
    'node packages/tools/scripts/bundle.mjs auth resource console',
  ])
    execFileSync('/bin/sh', ['-c', command], { cwd: folder, stdio: ['ignore', 2, 2] })
  return folder
}

t.test(
  `upgrade: processes of ${release ?? 'the last release'} and of this build renew and revoke each other's sessions`,
  { skip: release === undefined ? 'SKIPPED: this clone has neither a tag v* nor the commit of a release' : false },
  async t => {
    const folder = buildRelease(t, release ?? '')
    const system = await systemOf(t, { resources: 1 })
    await system.addAuth({ release: folder })
    await system.addResource({ release: folder })
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
