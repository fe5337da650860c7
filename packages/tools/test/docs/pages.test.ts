/** Every page of the documentation can be found: in the sidebar of the site and from the README. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../../../../../', import.meta.url))
const pagesIn = (folder: string) =>
  readdirSync(`${root}${folder}`).flatMap(name => (name.endsWith('.md') ? [`${folder}/${name}`] : []))
const guides = [...pagesIn('docs'), ...pagesIn('docs/operations')]

t.test('docs: the sidebar names each page once, and no page that does not exist', t => {
  const config = readFileSync(`${root}packages/tools/site/.vitepress/config.mjs`, 'utf8')
  const named = [...config.matchAll(/page\('[^']+', '\/(docs\/[^']*)'\)/g)].map(([, path = '']) => path)
  const pages = [...guides, 'docs/observability/README.md', 'docs/decisions/README.md']
  const links = pages.map(path => path.replace(/(README)?\.md$/, ''))
  t.strictSame(named.sort(), links.sort())
  t.end()
})

t.test('docs: the README or the list of operations links to each page', t => {
  const text = ['README.md', 'docs/operations/README.md'].map(path => readFileSync(`${root}${path}`, 'utf8')).join('')
  for (const path of guides) t.ok(text.includes(`${path.replace(/^docs\/operations\/(?!README)/, '')})`), path)
  t.end()
})
