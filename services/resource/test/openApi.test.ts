/** The OpenAPI document of the example is enough for two generators to make a client that works. */
import { fileURLToPath } from 'node:url'
import { installOnDemand, runGeneratedClient } from '@gatehouse/testkit'
import t from 'tap'
import { resource } from './helpers/service.ts'

const tools = await installOnDemand('services/auth/on-demand')
/** The compiled test is in `dist`; other files are in the source folder. */
const programs = fileURLToPath(new URL('../../test/openapi/', import.meta.url))

for (const [generator, file] of [
  ['oazapfts', 'oazapfts.ts.txt'],
  ['openapi-typescript', 'openapiTypescript.ts.txt'],
] as const) {
  t.test(`${generator}: the client compiles, calls the routes, and reads refusals by their type`, async t => {
    const service = await resource(t)
    const document = JSON.parse((await service.send('/openapi.json')).text) as object
    const args = [`http://127.0.0.1:${service.port}`, service.token()]
    const { errors, output } = await runGeneratedClient({ tools, document, generator, program: programs + file, args })
    t.equal(errors, '', 'the compiler reports no error')
    t.strictSame(output, { shelves: 3, item: 'rope', refused: ['token-missing', 'insufficient-scope'] })
  })
}
