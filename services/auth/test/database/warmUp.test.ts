/** Slow first-time work is done when the service starts to listen, so that no request waits for it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freshDatabase, startProcess } from '@gatehouse/testkit'
import t from 'tap'
import { environmentFor } from '../helpers/service.ts'

const entry = fileURLToPath(new URL('../../src/main.js', import.meta.url))

t.test("start: Prisma's client is ready before the first request", async t => {
  const { url } = await freshDatabase(t.teardown)
  // Its query compiler is WebAssembly, and instantiating it blocks the event loop.
  const preload = join(t.testdir(), 'preload.mjs')
  await writeFile(
    preload,
    `const { Instance } = WebAssembly
     WebAssembly.Instance = new Proxy(Instance, {
       construct(target, args) {
         console.log('compiler instantiated')
         return Reflect.construct(target, args)
       },
     })`,
  )
  const options = [process.env['NODE_OPTIONS'], `--import=file://${preload}`].join(' ').trim()
  const env = { ...environmentFor(url), HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'info', NODE_OPTIONS: options }
  const service = await startProcess({ entry, env, readyWhen: /"msg":"listening"/ })
  t.teardown(() => service.kill())
  await t.resolves(service.logged(/compiler instantiated/))
})
