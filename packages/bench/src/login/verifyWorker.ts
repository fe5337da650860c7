/** A thread that does nothing but check passwords: two of them are what the machine can do. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '@gatehouse/clock'
import { argon2 } from '../authModules.ts'

const { hashed, password }: { hashed: string; password: string } = workerData
const { verifySync } = argon2()

/** For so many milliseconds; the answer is how many a second. */
parentPort?.on('message', (forMs: number) => {
  const startMs = systemClock.nowMs()
  let done = 0
  for (; systemClock.nowMs() < startMs + forMs; done += 1) {
    if (!verifySync(hashed, password)) throw new Error('a right password was called wrong')
  }
  parentPort?.postMessage((done / (systemClock.nowMs() - startMs)) * 1000)
})
