/** `GET /metrics` shows each guard: those of one name apart, and one that is frozen. */
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { appendEntries, testGuard } from '../helpers/feedGuard.ts'
import { startService } from '../helpers/service.ts'

const alerts = new URL('../../../../../docs/observability/alerts.yaml', import.meta.url)

t.test('metrics: guards of one name have lines of their own; a frozen one passes the limit of the alert', async t => {
  const service = await startService(t, { POLL_HOLD_MS: '500', LEASE_MS: '120000' })
  const [frozen, other] = [testGuard(service), testGuard(service)]
  await frozen.start()
  const { feedId, after } = await other.start()
  await appendEntries(service, 2)
  const { head } = await other.pollAccepted({ feedId, after })
  await other.pollAccepted({ feedId, after: head })
  const [, limit = ''] = /gatehouse_guard_silent_seconds\) > (\d+)/.exec(await readFile(alerts, 'utf8')) ?? []
  await service.query(
    `UPDATE guards SET last_seen_at = last_seen_at - make_interval(secs => $1::float8 + 1), lease_until = now() - interval '4 min'
        WHERE id = $2::uuid`,
    [Number(limit), frozen.id],
  )
  const text = String((await service.call('/metrics')).body)
  t.notMatch(text, /[{,](instance|job)="/, 'labels that Prometheus sets itself')
  const valueFor = (name: string, id: string) => {
    const [, value = 'missing'] = new RegExp(`^${name}\\{guard="test",guard_id="${id}"\\} (.*)$`, 'm').exec(text) ?? []
    return Number(value)
  }
  t.notMatch(text, `gatehouse_guard_lag_entries{guard="test",guard_id="${frozen.id}"`, 'its lease has ended')
  t.equal(valueFor('gatehouse_guard_lag_entries', other.id), 0)
  t.ok(valueFor('gatehouse_guard_silent_seconds', frozen.id) > Number(limit))
  t.ok(valueFor('gatehouse_guard_silent_seconds', other.id) < Number(limit))
})
