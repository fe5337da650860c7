/** Dashboard, alerts and documentation name only existing metrics. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { systemOf } from '../../src/system.ts'

process.chdir(fileURLToPath(new URL('../../../../../', import.meta.url)))

interface Alerts {
  groups: { rules: { alert: string; expr: string; annotations: { summary: string; do: string } }[] }[]
}
interface Dashboard {
  panels: { title: string; description: string; targets: { expr: string }[] }[]
}

const { groups } = parse(readFileSync('docs/observability/alerts.yaml', 'utf8')) as Alerts
const { panels } = JSON.parse(readFileSync('docs/observability/dashboard.json', 'utf8')) as Dashboard
const rules = groups.flatMap(group => group.rules)

function metricsIn(expression: string): string[] {
  return expression.match(/\b(gatehouse|nodejs|process|http)_[a-z0-9_]+/g) ?? []
}

t.test('metrics: dashboard, alerts and operations page name metrics and labels that the services export', async t => {
  const system = await systemOf(t, { resources: 1 })
  await system.resources[0]?.call('/storage')
  const answers = await Promise.all([...system.auths, ...system.resources].map(({ call }) => call('/metrics')))
  const output = answers.map(({ body }) => String(body)).join('\n')
  const names = new Set<string>()
  for (const [, name = '', type] of output.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']) names.add(name + suffix)
  }
  const expressions = [...rules, ...panels.flatMap(({ targets }) => targets)].map(({ expr }) => expr)
  const used = expressions.flatMap(metricsIn)
  t.ok(used.length > 20)
  for (const name of used) t.ok(names.has(name), name)

  const page = readFileSync('docs/operations/metrics.md', 'utf8')
  const meanings = [...page.matchAll(/^\| `((?:gatehouse|http)_\w+)`/gm)]
  t.ok(meanings.length > 5)
  for (const [, name = ''] of meanings) t.match(output, new RegExp(`^# TYPE ${name} `, 'm'))
  const expressionText = expressions.join('\n')
  for (const name of names) {
    if (/^(gatehouse|http)_/.test(name) && !/_(sum|count|cursor)$/.test(name))
      t.ok(expressionText.includes(name), `${name} is shown`)
  }
  for (const label of ['code', 'result', 'guard']) t.match(output, new RegExp(`${label}="`))

  // Both services export it, and every route in an expression exists.
  for (const { body } of answers) t.match(String(body), /^http_request_duration_seconds_count\{method="GET",route="\//m)
  await Promise.all(system.auths.map(({ call }) => call('/session/renew', { body: { refreshToken: 'x' } })))
  await Promise.all([...system.auths, ...system.resources].map(({ call }) => call('/livez')))
  const later = await Promise.all([...system.auths, ...system.resources].map(({ call }) => call('/metrics')))
  const counted = later.map(({ body }) => String(body)).join('\n')
  const routes = [...expressionText.matchAll(/\broute!?(?:=|=~|~)"([^"]+)"/g)].flatMap(([, list = '']) =>
    list.split('|'),
  )
  t.ok(routes.length > 0)
  for (const route of routes) t.ok(counted.includes(`route="${route}"`), route)
})

t.test('metrics: every alert has a summary and an action, every panel a description', async t => {
  for (const { alert, annotations } of rules) t.ok(annotations.summary && annotations.do, alert)
  for (const { title, description } of panels) t.ok(description, title)
})
