/** Waits for the end of a foreign process, or for the removal of a directory. */
import { existsSync } from 'node:fs'
import { until } from '@gatehouse/testkit'

export async function whenGone(pid: number): Promise<void> {
  if (!Number.isInteger(pid) || pid <= 0) throw new Error(`${pid} is no process.`)
  await until(() => !isAlive(pid), `process ${pid} ends`)
}

export async function whenRemoved(path: string): Promise<void> {
  await until(() => !existsSync(path), `${path} is removed`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
