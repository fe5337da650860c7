/** A hot standby as the database: it accepts connections and refuses writes, so the service is not ready. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startPostgres, until } from '@gatehouse/testkit'
import t from 'tap'
import { runDoctor } from '../../src/cli/doctor.ts'
import { migrate } from '../../src/database/migrate.ts'
import { assertProblem, startService } from '../helpers/service.ts'

t.test('standby: readiness answers 503 and doctor names the cause', async t => {
  const postgres = await startPostgres({ dataDir: t.testdir(), persistent: false })
  t.teardown(() => postgres.stop())
  await migrate({ connectionString: postgres.url })
  const service = await startService(t, { DATABASE_URL: postgres.url })
  t.equal((await service.call('/readyz')).status, 200)

  await writeFile(join(postgres.dataDir, 'cluster', 'standby.signal'), '')
  await postgres.restart()
  // The server accepts connections: only the mode of the database keeps the service from being ready.
  await until(async () => (await service.call('/admin/users')).status === 401, 'the routes answer')
  assertProblem(t, await service.call('/readyz'), 'unavailable')
  const findings = await runDoctor({
    environment: service.environment,
    database: service.database,
    wallMs: () => Date.now(),
  })
  const found = findings.find(({ check }) => check === 'database')
  t.match(found, { isOk: false, message: /standby/ })
})
