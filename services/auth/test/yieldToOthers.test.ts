/** A thread that hashes lets everybody else go first; the thread that serves does not. */
import { existsSync, readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import t from 'tap'

const module = new URL('../src/login/yieldToOthers.js', import.meta.url).href

/** In a thread of its own: what it says, and what Linux says of it (proc(5), fields 19 and 41 of stat). */
async function inThread(): Promise<{ said: string; nice: number; policy: number }> {
  const code = `
    const { parentPort } = require('node:worker_threads')
    const { readFileSync } = require('node:fs')
    import(${JSON.stringify(module)}).then(({ yieldToOthers }) => {
      const said = yieldToOthers()
      const fields = readFileSync('/proc/thread-self/stat', 'utf8').split(') ').at(-1).split(' ')
      parentPort.postMessage({ said, nice: Number(fields[16]), policy: Number(fields[38]) })
    })`
  const worker = new Worker(code, { eval: true })
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

t.test('it is idle to the scheduler where chrt is there, and nice where it is not', async t => {
  if (process.platform !== 'linux') {
    t.pass('only Linux knows priorities of threads')
    return
  }
  const { said, nice, policy } = await inThread()
  const idle = 5
  t.same(
    { said, isIdle: policy === idle },
    existsSync('/usr/bin/chrt') ? { said: 'idle', isIdle: true } : { said: 'nice', isIdle: false },
  )
  t.equal(nice, said === 'nice' ? 19 : 0)
  const own = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? []
  t.same([own[16], own[38]], ['0', '0'], 'nothing else of the process yields')
})
