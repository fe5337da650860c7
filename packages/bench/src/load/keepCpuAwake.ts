/**
 * Keeps the processors from sleeping during a measurement. A load generator sleeps when it has read
 * every response, and waking its processor costs the server more than the guard does, above all on
 * virtual machines. How often it sleeps is chance: with processors awake, rounds differ half as
 * much.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** From util-linux. Without it the processors may sleep. */
const program = '/usr/bin/chrt'
/** It ends with this process, even when this process is killed. */
const busyLoop = `while (process.ppid === ${process.pid}) for (let turn = 0; turn < 1e6; turn += 1);`

/** Runs a busy loop of the idle class (sched(7)) on each processor, which yields to all others. */
export async function keepCpuAwake<Value>(run: () => Promise<Value>): Promise<Value> {
  const spinners = existsSync(program) ? Array.from({ length: availableParallelism() }, startSpinner) : []
  try {
    return await run()
  } finally {
    for (const spinner of spinners) spinner.kill()
  }
}

function startSpinner(): ChildProcess {
  const spinner = spawn(program, ['--idle', '0', process.execPath, '-e', busyLoop], { stdio: 'ignore' })
  // The measurement goes on without it when it cannot start or may not use that class.
  spinner.on('error', () => undefined)
  return spinner
}
