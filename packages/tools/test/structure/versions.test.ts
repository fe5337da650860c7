/** Images, services and packages name the version of the repository. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

process.chdir(fileURLToPath(new URL('../../../../../', import.meta.url)))

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const manifests = [':(glob)packages/*/package.json', ':(glob)services/*/package.json']
/** Where each of the files must name the version, with the text before it. */
const places: Record<string, readonly string[]> = {
  '"version": "': manifests,
  'gatehouse/(auth|resource|gateway):': ['docker-compose.yml', 'services/gateway/kubernetes/[3-6]-*.yaml'],
  'name: (migrate|enrol)-': ['services/gateway/kubernetes/3-migrate.yaml'],
  'ARG VERSION=': [':(glob)services/*/Dockerfile'],
  "const version = '": ['services/auth/src/app.ts'],
}

for (const [before, files] of Object.entries(places)) {
  t.test(`versions: ${before}${version}`, async t => {
    const lines = execFileSync('git', ['grep', '-nE', `${before}[0-9]`, '--', ...files])
      .toString()
      .trim()
      .split('\n')
    const other = lines.filter(line => !new RegExp(`${before}${version}("|'|$)`).test(line))
    t.same(other, [])
    for (const file of files) t.ok(execFileSync('git', ['ls-files', '--', file]).length > 0, file)
  })
}
