/** Runs the checks one after another, and collects their results. */
import { systemClock } from '@gatehouse/clock'
import { malformedCheck, replayedCheck } from './checks/answers.ts'
import { changedCheck, clockCheck, expiryCheck, pagesCheck } from './checks/feeds.ts'
import { announcedKeyCheck, keysCheck, withdrawnKeyCheck } from './checks/keys.ts'
import { abandonedCheck, frozenCheck, lapseCheck, pollIdCheck, sendCheck, twiceCheck } from './checks/leases.ts'
import { bodyCheck, effectsCheck, globalCheck, loadCheck, startCheck, streamCheck } from './checks/revocations.ts'
import { tokenCheck } from './checks/tokens.ts'
import { type FakeAuth, startFakeAuth } from './fakeAuth.ts'
import { type Check, CheckFailed, createKit, type Kit, type Routes } from './kit.ts'
import { createProbe } from './probe.ts'

/** All checks in the order in which they run. The first one must pass before any other. */
export const checks: readonly Check[] = [
  ...[startCheck, tokenCheck, effectsCheck, globalCheck, loadCheck, streamCheck, bodyCheck],
  ...[keysCheck, announcedKeyCheck, withdrawnKeyCheck],
  ...[sendCheck, lapseCheck, abandonedCheck, twiceCheck, pollIdCheck, malformedCheck, replayedCheck, frozenCheck],
  ...[expiryCheck, changedCheck, pagesCheck, clockCheck],
]

/** The result of one check. */
export interface CheckResult {
  id: string
  property: Check['property']
  title: string
  outcome: 'pass' | 'fail' | 'skipped'
  /** Why it failed or was skipped, or a remark. */
  detail: string
  durationMs: number
}

export interface RunOptions {
  /** The URL of the application with the guard. */
  url: string
  /** The port of the fake auth service, or the service itself. */
  auth: number | FakeAuth
  /** By default the routes of Gatehouse's resource service; `body` is by default the same as `any`. */
  routes?: Partial<Routes>
  /** The id of the guard's process, which the check `frozen` stops and continues. */
  pid?: number | undefined
  /** The ids of the checks to run; all by default. `start` always runs. */
  only?: readonly string[] | undefined
}

/** The routes of Gatehouse's resource service. */
export const defaultRoutes: Routes = {
  any: '/storage',
  body: '/storage',
  restricted: '/storage/restricted',
  stream: '/storage/events',
  open: '',
}

/**
 * Checks a guard.
 * @param options the guard, and where the fake auth service listens
 * @returns the result of each check
 * @throws Error when the port is taken
 * @example
 * const results = await runChecks({ url: 'http://127.0.0.1:4000', auth: 4810 })
 * process.exitCode = results.some(({ outcome }) => outcome === 'fail') ? 1 : 0
 */
export async function runChecks({ url, auth: authOption, routes = {}, pid, only }: RunOptions): Promise<CheckResult[]> {
  const auth = typeof authOption === 'number' ? await startFakeAuth(authOption) : authOption
  const body = routes.any ?? defaultRoutes.body
  const kit = createKit({ auth, probe: createProbe(url), routes: { ...defaultRoutes, body, ...routes }, pid })
  const results: CheckResult[] = []
  try {
    for (const check of checks) {
      if (only !== undefined && check !== startCheck && !only.includes(check.id)) continue
      const result = await resultOf(check, kit)
      results.push(result)
      if (check === startCheck && result.outcome === 'fail') break
    }
  } finally {
    if (typeof authOption === 'number') await auth.stop()
  }
  return results
}

async function resultOf(check: Check, kit: Kit): Promise<CheckResult> {
  const { id, property, title, needs } = check
  const result = { id, property, title }
  const isMissing = needs === 'pid' ? kit.freeze === undefined : needs !== undefined && kit.routes[needs] === ''
  if (isMissing) return { ...result, outcome: 'skipped', detail: `needs --${needs}`, durationMs: 0 }
  const startedMs = systemClock.nowMs()
  const durationMs = () => Math.round(systemClock.nowMs() - startedMs)
  try {
    const remark = await check.run(kit)
    await kit.settle()
    return { ...result, outcome: 'pass', detail: remark ?? '', durationMs: durationMs() }
  } catch (error) {
    const detail = error instanceof CheckFailed ? error.message : `${error}`
    await kit.settle().catch(() => undefined)
    return { ...result, outcome: 'fail', detail, durationMs: durationMs() }
  }
}
