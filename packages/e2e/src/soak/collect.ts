/**
 * Loaded before a service by `node --import .../collect.js`: on SIGUSR2 it collects all garbage and
 * prints the live memory. The services let their old generation grow to four times its size before
 * V8 collects it, so resident memory alone cannot tell garbage from a leak.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

process.on('SIGUSR2', () => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  console.log(`live memory: ${heapUsed + external} bytes, sample ${performance.now().toFixed(0)}`)
})
