/** The guard comes from the workspace around this folder. */
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../../..')

export default {
  // Coverage leaves out node_modules, also files that exist only after the start of the tests.
  distDir: 'node_modules/.next',
  turbopack: { root },
  outputFileTracingRoot: root,
}
