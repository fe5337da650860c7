/** What the doctor says about the configuration, the replicas and withdrawn keys. */
import t from 'tap'
import { runDoctor } from '../../src/cli/doctor.ts'
import { startWithAdmin } from '../helpers/adminClient.ts'

const wallMs = () => Date.now()
/** No server listens on this port. */
const nowhere = 'http://127.0.0.1:9'

t.test('doctor: lists every missing variable at once, and does not skip --url', async t => {
  const findings = await runDoctor({ environment: {}, database: undefined, wallMs, url: nowhere })
  const wrong = (check: string, message: RegExp) => ({ check, isOk: false, message })
  t.match(findings, [
    wrong('configuration', /^ISSUER is not set/),
    wrong('configuration', /^DATABASE_URL is not set/),
    wrong('configuration', /^REFRESH_KEYS is not set/),
    wrong('configuration', /^SIGNING_KEY and KEY_ENCRYPTION_KEYS are both not set/),
    wrong('replica keys', /^no replica answers at http:\/\/127.0.0.1:9$/),
  ])
})

t.test('doctor: a withdrawn key in SIGNING_KEY is named, and not expected of the replicas', async t => {
  const service = await startWithAdmin(t, { KEY_ENCRYPTION_KEYS: `1:${'ab'.repeat(32)}` })
  const { environment, database, url } = service
  const check = async (to: string | undefined = url) => {
    const findings = await runDoctor({ environment, database, wallMs, url: to })
    return Object.fromEntries(findings.map(finding => [finding.check, finding]))
  }
  t.match(await check(), { 'signing key': { isOk: true }, 'replica keys': { isOk: true } })
  t.match(await check(nowhere), { 'replica keys': { isOk: false, message: /no replica answers at/ } })
  const { keys } = (await service.callAsAdmin('/admin/keys')).body as { keys: [{ kid: string }] }
  const [{ kid }] = keys
  const { body } = await service.callAsAdmin('/admin/keys', { method: 'POST', body: {} })
  const next = (body as { key: { kid: string } }).key.kid
  t.equal((await service.callAsAdmin(`/admin/keys/${next}/activate`, { body: {} })).status, 200)
  t.equal((await service.callAsAdmin(`/admin/keys/${kid}/withdraw`, { body: {} })).status, 200)
  t.match(await check(), {
    'signing key': { isOk: false, message: `SIGNING_KEY holds the withdrawn key ${kid}: remove it` },
    'replica keys': { isOk: true },
  })
  const agree = await runDoctor({ environment: {}, database, wallMs, url })
  t.match(agree.at(-6), { check: 'replica keys', isOk: true, message: /responses agree; not compared/ })
})
