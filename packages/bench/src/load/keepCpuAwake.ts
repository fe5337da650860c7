/**
 * Keeps the processors from sleeping while something is measured. A load that has read every answer sleeps until the next one, and to
 * wake its processor costs the server more than a guard does, on virtual machines most of all. Who sleeps how often is
 * chance: where nobody does, figures lie half as far apart.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** From util-linux. Elsewhere nothing is kept awake. */
const program = '/usr/bin/chrt'
/** It ends with us, however we end. */
const busy = `while (process.ppid === ${process.pid}) for (let turn = 0; turn < 1e6; turn += 1);`

/** Programs of the idle class (sched(7)) run meanwhile: they have a processor only while nobody else wants it. */
export async function awake<Value>(run: () => Promise<Value>): Promise<Value> {
  const spinners = existsSync(program) ? Array.from({ length: availableParallelism() }, spin) : []
  try {
    return await run()
  } finally {
    for (const spinner of spinners) spinner.kill()
  }
}

function spin(): ChildProcess {
  const spinner = spawn(program, ['--idle', '0', process.execPath, '-e', busy], { stdio: 'ignore' })
  // Where it cannot be started, or may not be of that class, it is done without.
  spinner.on('error', () => undefined)
  return spinner
}
