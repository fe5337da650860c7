/** How long the data of each page of the console takes, with 10,000 accounts and 100,000 sessions. */
import { systemClock } from '@gatehouse/clock'
import type { Service } from '@gatehouse/e2e'
import type { BenchRun } from '../benchRun.ts'
import { openEnvironment } from '../environment.ts'
import { figure, quantile, type Result } from '../result.ts'

const sessions = 100_000

interface Request {
  path: string
  body?: object
}

/** What the page of the name requests at once. */
const pages: Readonly<Record<string, readonly Request[]>> = {
  overview: [
    ...[{ path: '/admin/guards' }, { path: '/admin/sessions/count' }],
    ...[{ path: '/admin/revocations?limit=1' }, { path: '/admin/audit?limit=8' }],
  ],
  users: [{ path: '/admin/users?limit=50' }],
  search: [{ path: '/admin/users?limit=50&email=9876' }],
  sessions: [{ path: '/admin/sessions/end', body: { criteria: { client: 'first-party' }, dryRun: true } }],
  revocations: [{ path: '/admin/revocations' }],
  audit: [{ path: '/admin/audit?limit=50' }],
  clients: [{ path: '/admin/clients' }],
  keys: [{ path: '/admin/keys' }],
}

/** Uses its own environment, since other parts leave sessions behind. */
export async function consolePages(benchRun: BenchRun): Promise<Result[]> {
  const environment = await openEnvironment({ env: { ADMIN_CALLS: '1000000' } })
  try {
    await environment.seed(sessions)
    const auth = await environment.auth()
    const admin = await environment.system.createAccount('admin@bench.example', { roles: ['admin'] })
    const { accessToken } = await environment.system.login(admin, auth)
    const results: Result[] = []
    const { body } = await auth.call('/admin/users?limit=1', { token: accessToken })
    const [{ id } = { id: '' }] = (body as { users: { id: string }[] }).users
    const all = { ...pages, user: [{ path: `/admin/users/${id}` }] }
    for (const [name, requests] of Object.entries(all)) {
      const timesMs = await loadPage(auth, { token: accessToken, requests, times: benchRun.isQuick ? 20 : 200 })
      const what = `console: data of the page "${name}", p95, 10,000 accounts, 100,000 sessions`
      results.push(figure({ name: `console-${name}`, what, unit: 'ms', aim: 'under 200' }, [quantile(timesMs, 0.95)]))
    }
    return results
  } finally {
    await environment.close()
  }
}

interface PageLoad {
  token: string
  requests: readonly Request[]
  times: number
}

async function loadPage({ call }: Service, { token, requests, times }: PageLoad): Promise<number[]> {
  const timesMs: number[] = []
  for (let count = 0; count < times; count += 1) {
    const startMs = systemClock.nowMs()
    const responses = await Promise.all(requests.map(({ path, body }) => call(path, { token, ...(body && { body }) })))
    timesMs.push(systemClock.nowMs() - startMs)
    const refused = responses.find(({ status }) => status !== 200)
    if (refused) throw new Error(`the page was refused: ${JSON.stringify(refused.body)}`)
  }
  return timesMs
}
