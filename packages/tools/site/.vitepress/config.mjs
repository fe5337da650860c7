/** The documentation site: the Markdown files of the repository, with search, diagrams and checked links. */
import { defineConfig } from 'vitepress'
import { withMermaid } from 'vitepress-plugin-mermaid'

const page = (text, link) => ({ text, link })
const packages = ['guard', 'guard-core', 'client', 'contract', 'http', 'protocol', 'clock', 'settings', 'tracing']
const repository = 'https://github.com/gatehouse/gatehouse/blob/main/'

export default withMermaid(
  defineConfig({
    title: 'Gatehouse',
    description: 'Sessions and revocation for services behind a gateway.',
    base: process.env.SITE_BASE ?? '/',
    srcDir: './pages',
    outDir: '../../../site',
    cacheDir: './node_modules/.cache',
    rewrites: { 'README.md': 'index.md', ':path(.*)/README.md': ':path/index.md' },
    // Source files are no pages: their links lead to the repository.
    ignoreDeadLinks: [/\.(ts|yaml|json|prisma)$/, /LICENSE$/, /\/(packages|services|guards)\//],
    markdown: { config: md => linkSources(md) },
    themeConfig: {
      search: { provider: 'local' },
      outline: [2, 3],
      sidebar: [
        {
          text: 'Use',
          items: [
            page('Gatehouse', '/'),
            page('Tutorial', '/docs/tutorial'),
            page('The console', '/docs/console'),
            page('Guard an application', '/docs/frameworks'),
            page('The client', '/docs/client'),
            page('Flows', '/docs/flows'),
            page('Step-up', '/docs/step-up'),
            page('OAuth', '/docs/oauth'),
            page('Problems', '/docs/problems'),
            page('Configuration', '/docs/configuration'),
            page('Glossary', '/docs/glossary'),
            page('Coming from another product', '/docs/coming-from'),
          ],
        },
        {
          text: 'Run',
          items: [
            page('Operations', '/docs/operations/'),
            page('Containers', '/docs/containers'),
            page('Other gateways', '/docs/gateways'),
            page('Kubernetes', '/docs/kubernetes'),
            page('Without containers', '/docs/operations/systemd'),
            page('Upgrade', '/docs/operations/upgrade'),
            page('Back up and restore', '/docs/operations/backup'),
            page('Rotate keys and secrets', '/docs/operations/keys'),
            page('PostgreSQL', '/docs/operations/postgres'),
            page('Guard another service', '/docs/operations/second-guard'),
            page('Choose lifetimes', '/docs/operations/lifetimes'),
            page('Password guessing', '/docs/operations/guessing'),
            page('Metrics', '/docs/operations/metrics'),
            page('Observability', '/docs/observability/'),
          ],
        },
        {
          text: 'API reference',
          items: packages.map(name => page(`@gatehouse/${name}`, `/api/${name}/src`)),
        },
        {
          text: 'Understand',
          items: [
            page('The guarantee', '/docs/guarantee'),
            page('The feed protocol', '/docs/feed-protocol'),
            page('Conformance', '/docs/conformance'),
            page('Assurance', '/docs/assurance'),
            page('Performance', '/docs/performance'),
            page('Scale', '/docs/scale'),
            page('Mutations', '/docs/mutations'),
            page('Decisions', '/docs/decisions/'),
            page('Supply chain', '/docs/supply-chain'),
            page('Licences', '/docs/licences'),
            page('Security', '/SECURITY'),
            page('Changelog', '/CHANGELOG'),
            page('Contributing', '/CONTRIBUTING'),
          ],
        },
      ],
    },
  }),
)

/** A relative link to a source file becomes a link to the repository. */
function linkSources(md) {
  md.core.ruler.push('sources', state => {
    const folder = state.env.relativePath?.split('/').slice(0, -1).join('/') ?? ''
    for (const token of state.tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? (token.attrGet('href') ?? '') : ''
      if (/^[^:#]*(\.(ts|yaml|json|prisma)|LICENSE)$/.test(href) || /^(\.\.\/)*(packages|services|guards)\//.test(href))
        token.attrSet('href', new URL(href, `${repository}${folder === '' ? '' : `${folder}/`}`).href)
    }
  })
}
