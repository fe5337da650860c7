/** The busy loops end with the measurement and with the process that measures. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { until } from '@gatehouse/testkit'
import t from 'tap'
import { keepCpuAwake } from '../../src/load/keepCpuAwake.ts'
import { readProc } from '../../src/usage.ts'

const hasProc = existsSync('/proc/self/cmdline')
const skip = hasProc && existsSync('/usr/bin/chrt') ? false : 'needs /proc and chrt'

/** How many busy loops belong to a process. */
function spinnersOf(pid: number): number {
  const condition = `process.ppid === ${pid})`
  const commandLines = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => readProc(Number(name), 'cmdline'))
  return commandLines.filter(line => line.includes(condition)).length
}

t.test('keepCpuAwake: spins until the measurement ends or throws', { skip }, async t => {
  const result = await keepCpuAwake(async () => {
    await t.resolves(until(async () => spinnersOf(process.pid) > 0))
    return 7
  })
  t.equal(result, 7)
  await t.resolves(until(async () => spinnersOf(process.pid) === 0))
  await t.rejects(
    keepCpuAwake(async () => {
      throw new Error('a request was refused')
    }),
    /refused/,
  )
  await t.resolves(until(async () => spinnersOf(process.pid) === 0))
})

t.test('keepCpuAwake: the busy loops end when the benchmark is killed', { skip }, async t => {
  const module = new URL('../../src/load/keepCpuAwake.js', import.meta.url).href
  const endless = `const { keepCpuAwake } = await import('${module}'); await keepCpuAwake(() => new Promise(() => setInterval(() => {}, 1000)))`
  const bench = spawn(process.execPath, ['--input-type=module', '-e', endless], { stdio: 'ignore' })
  const { pid = 0 } = bench
  await t.resolves(until(async () => spinnersOf(pid) > 0))
  bench.kill('SIGKILL')
  await once(bench, 'exit')
  await t.resolves(until(async () => spinnersOf(pid) === 0))
})
