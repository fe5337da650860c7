/** The guard comes from the workspace around this folder. */
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../../..')

export default { turbopack: { root }, outputFileTracingRoot: root }
