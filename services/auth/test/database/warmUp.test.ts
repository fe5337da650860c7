/** What takes long the first time is done when the service begins to listen: nobody's request waits for it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freshDatabase, startProcess } from '@gatehouse/testkit'
import t from 'tap'
import { environmentFor } from '../helpers/service.ts'

const entry = fileURLToPath(new URL('../../src/main.js', import.meta.url))

t.test("Prisma's client is ready before anybody asks for what goes through it", async t => {
  const { url } = await freshDatabase(t.teardown)
  // Its engine is a program of WebAssembly, and while that begins the event loop stands still.
  const witness = join(t.testdir(), 'witness.mjs')
  await writeFile(
    witness,
    `const { Instance } = WebAssembly
     WebAssembly.Instance = new Proxy(Instance, {
       construct(target, args) {
         console.log('an engine begins')
         return Reflect.construct(target, args)
       },
     })`,
  )
  const options = [process.env['NODE_OPTIONS'], `--import=file://${witness}`].join(' ').trim()
  const env = { ...environmentFor(url), HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'info', NODE_OPTIONS: options }
  const service = await startProcess({ entry, env, readyWhen: /"msg":"listening"/ })
  t.teardown(() => service.kill())
  await t.resolves(service.logged(/an engine begins/))
})
