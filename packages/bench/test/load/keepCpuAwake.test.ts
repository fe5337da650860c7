/** What keeps processors awake for a measurement ends with it, and with whoever measures. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { until } from '@gatehouse/e2e'
import t from 'tap'
import { awake } from '../../src/load/keepCpuAwake.ts'
import { readProc } from '../../src/usage.ts'

const canCount = existsSync('/proc/self/cmdline')
const skip = canCount && existsSync('/usr/bin/chrt') ? false : 'needs /proc and chrt'

/** How many watch over this process. */
function spinnersOf(pid: number): number {
  const mark = `process.ppid === ${pid})`
  const lines = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => readProc(Number(name), 'cmdline'))
  return lines.filter(line => line.includes(mark)).length
}

t.test('processors are kept awake as long as something is measured', { skip }, async t => {
  const measured = await awake(async () => {
    await t.resolves(until(async () => spinnersOf(process.pid) > 0))
    return 7
  })
  t.equal(measured, 7)
  await t.resolves(until(async () => spinnersOf(process.pid) === 0))
  await t.rejects(
    awake(async () => {
      throw new Error('a request was refused')
    }),
    /refused/,
  )
  await t.resolves(until(async () => spinnersOf(process.pid) === 0))
})

t.test('nothing spins on when the benchmark is killed', { skip }, async t => {
  const module = new URL('../../src/load/keepCpuAwake.js', import.meta.url).href
  const endless = `const { awake } = await import('${module}'); await awake(() => new Promise(() => setInterval(() => {}, 1000)))`
  const bench = spawn(process.execPath, ['--input-type=module', '-e', endless], { stdio: 'ignore' })
  const { pid = 0 } = bench
  await t.resolves(until(async () => spinnersOf(pid) > 0))
  bench.kill('SIGKILL')
  await once(bench, 'exit')
  await t.resolves(until(async () => spinnersOf(pid) === 0))
})
