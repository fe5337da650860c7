/** Where the protocol file is, from the compiled module and from the bundle. */
import { fileURLToPath } from 'node:url'

export const protoFile = fileURLToPath(new URL('../../proto/ext_authz.proto', import.meta.url))
