/** A thread that verifies passwords and does nothing else, to measure the machine's rate. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '@gatehouse/clock'
import { argon2 } from '../authModules.ts'

const { hash, password }: { hash: string; password: string } = workerData
const { verifySync } = argon2()

/** The message is a duration in milliseconds; the reply is the number of verifications a second. */
parentPort?.on('message', (durationMs: number) => {
  const startMs = systemClock.nowMs()
  let count = 0
  for (; systemClock.nowMs() < startMs + durationMs; count += 1) {
    if (!verifySync(hash, password)) throw new Error('argon2 refuses the right password')
  }
  parentPort?.postMessage((count / (systemClock.nowMs() - startMs)) * 1000)
})
