/** The Kubernetes manifests are valid, hardened, and agree with the compose file. */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Table } from '@gatehouse/settings'
import { installOnDemand } from '@gatehouse/testkit'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { readCompose } from '../../src/containers/compose.ts'

process.chdir(fileURLToPath(new URL('../../../../../', import.meta.url)))

interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string }
  spec: Record<string, unknown>
}

interface Container {
  name: string
  image: string
  command?: string[]
  env?: { name: string; value: string }[]
  securityContext: Record<string, unknown>
  resources: { limits: { memory?: string }; requests: Record<string, string> }
  readinessProbe?: object
  livenessProbe?: object
}

interface PodSpec {
  automountServiceAccountToken: boolean
  securityContext: { runAsNonRoot: boolean; runAsUser: number; seccompProfile: { type: string } }
  containers: Container[]
  volumes: { secret?: { secretName: string }; projected?: { sources: { secret: { name: string } }[] } }[]
}

type ModelClass = new (data: object) => { validate: () => void }

const folder = 'services/gateway/kubernetes'
const manifests = readdirSync(folder)
  .sort()
  .flatMap(file => parseAllDocuments(readFileSync(`${folder}/${file}`, 'utf8')).map(each => each.toJS() as Manifest))
const workloads = manifests.filter(({ kind }) => ['Deployment', 'StatefulSet', 'Job'].includes(kind))
const podOf = ({ spec }: Manifest) => (spec['template'] as { spec: PodSpec }).spec
const labelOf = ({ spec }: Manifest) =>
  (spec['template'] as { metadata: { labels: Record<string, string> } }).metadata.labels['app.kubernetes.io/name'] ?? ''

const requireModels = createRequire(join(await installOnDemand('packages/tools/kubernetes-schemas'), 'package.json'))

for (const manifest of manifests) {
  const { apiVersion, kind, metadata } = manifest
  t.test(`kubernetes ${kind} ${metadata.name}: is valid by the API schema`, async t => {
    const models: Record<string, ModelClass> = requireModels(`kubernetes-models/${apiVersion}`)
    const Model = models[kind]
    t.ok(Model)
    if (Model) t.doesNotThrow(() => new Model(manifest).validate())
    t.equal(metadata.namespace ?? metadata.name, 'gatehouse')
  })
}

for (const workload of workloads) {
  t.test(`kubernetes ${labelOf(workload)}: runs with the least privileges`, async t => {
    const pod = podOf(workload)
    const securityContext = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }
    t.match(pod, { automountServiceAccountToken: false, securityContext })
    t.ok(pod.securityContext.runAsUser > 0)
    for (const container of pod.containers) {
      const capabilities = { drop: ['ALL'] }
      const least = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities }
      t.match(container.securityContext, least)
      t.ok(container.resources.limits.memory && container.resources.requests['cpu'])
      if (workload.kind === 'Deployment') t.ok(container.livenessProbe && container.readinessProbe)
    }
    if (workload.kind !== 'Deployment') return
    const budget = manifests.find(
      ({ kind, metadata }) => kind === 'PodDisruptionBudget' && metadata.name === labelOf(workload),
    )
    t.ok(budget, 'a disruption budget')
    t.equal(workload.spec['replicas'], 2)
  })
}

t.test('kubernetes: every process has the variables and the image of the compose file', async t => {
  const { services } = readCompose()
  for (const workload of workloads) {
    const name = labelOf(workload)
    const [container] = podOf(workload).containers
    const variables = (container?.env ?? []).map(each => each.name)
    const inCompose = Object.keys(services[name]?.environment ?? {})
    const unexpected = inCompose.filter(variable => !variables.includes(variable))
    t.same(unexpected, [], name)
    t.equal(container?.image, services[name]?.image)
    if (workload.kind === 'Job') t.match(services[name]?.command?.join(' '), container?.command?.join(' ').slice(0, 40))
  }
})

for (const name of ['auth', 'resource']) {
  t.test(`kubernetes ${name}: sets only known variables and every required one`, async t => {
    const { settings } = (await import(`${process.cwd()}/services/${name}/dist/src/config.js`)) as { settings: Table }
    const workload = workloads.find(each => labelOf(each) === name) as Manifest
    const provided = new Map(podOf(workload).containers[0]?.env?.map(({ name: variable, value }) => [variable, value]))
    for (const [variable, { fallback, isSecret, parse }] of Object.entries(settings)) {
      const variables = isSecret ? `${variable}_FILE` : variable
      if (fallback === undefined) t.ok(provided.has(variables), variables)
      if (!isSecret && provided.has(variables)) t.not(parse(provided.get(variables) ?? ''), undefined, variables)
      provided.delete(variables)
    }
    t.same([...provided.keys()], [])
  })
}

t.test('kubernetes: only auth and the jobs reach PostgreSQL; all other traffic is denied unless allowed', async t => {
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy')
  const byName = (name: string) => policies.find(({ metadata }) => metadata.name === name)?.spec
  t.same(byName('deny-all'), { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
  const allowed = policies.filter(({ spec }) => JSON.stringify(spec['ingress'] ?? '').includes('5432'))
  const names = allowed.map(({ metadata }) => metadata.name)
  t.same(names, ['postgres'])
  t.match(byName('postgres'), {
    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'postgres' } },
    ingress: [{ from: [{ podSelector: { matchExpressions: [{ values: ['auth', 'migrate', 'enrol'] }] } }] }],
  })
  const leaving = policies.filter(({ spec }) => JSON.stringify(spec['egress'] ?? '').includes('5432'))
  t.match(leaving, [{ metadata: { name: 'to-postgres' } }])
  t.equal(leaving.length, 1)
})

t.test('kubernetes: every pod mounts the secrets that it needs and no others', async t => {
  const held = workloads.map(workload => [
    labelOf(workload),
    podOf(workload).volumes.flatMap(({ secret, projected }) => [
      ...(secret ? [secret.secretName] : []),
      ...(projected?.sources.map(source => source.secret.name) ?? []),
    ]),
  ])
  t.same(Object.fromEntries(held), {
    postgres: ['gatehouse-postgres'],
    migrate: ['gatehouse-auth'],
    enrol: ['gatehouse-auth', 'gatehouse-resource'],
    auth: ['gatehouse-auth'],
    resource: ['gatehouse-resource'],
    gateway: [],
  })
  t.notOk(
    manifests.some(({ kind }) => kind === 'Secret'),
    'the repository contains no Secret',
  )
})
