/** Waits for the end of a foreign process, or for the removal of a directory. */
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { eventTimeoutMs } from '@gatehouse/testkit'

export async function whenGone(pid: number): Promise<void> {
  if (!Number.isInteger(pid) || pid <= 0) throw new Error(`${pid} is no process.`)
  await until(() => !isAlive(pid), `Process ${pid} is still there after the time-out.`)
}

export async function whenRemoved(path: string): Promise<void> {
  await until(() => !existsSync(path), `${path} is still there after the time-out.`)
}

async function until(isTrue: () => boolean, message: string): Promise<void> {
  for (let attemptsLeft = eventTimeoutMs / 20; !isTrue(); attemptsLeft--) {
    if (attemptsLeft <= 0) throw new Error(message)
    await delay(20)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
