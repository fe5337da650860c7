/** Finds and stops the processes that listen on an address, by `ss` and `ps`. */
import { strict as assert } from 'node:assert'
import { type ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { systemClock } from '@gatehouse/clock'

/**
 * @param address `host:port`, or `:port` for any host
 * @param part part of the process title, where several processes share the socket
 * @returns the process id; 0 if no process listens
 */
export function pidAt(address: string, part = ''): number {
  const listening = execFileSync('ss', ['-Hltnp', `src = ${address}`], { encoding: 'utf8' })
  const pids = [...listening.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid))
  return pids.find(pid => psField('args', pid).includes(part)) ?? 0
}

/** @returns the numeric user id of the process that listens on the address */
export function userAt(address: string, part = ''): string {
  return psField('uid', pidAt(address, part))
}

/** Sends SIGTERM to the process that listens on the address; the child must exit with 0. */
export async function secondsToStop(child: ChildProcess | undefined, address: string): Promise<string> {
  const startMs = systemClock.nowMs()
  process.kill(pidAt(address), 'SIGTERM')
  const [code] = await once(child as ChildProcess, 'exit')
  assert.equal(code, 0)
  return ((systemClock.nowMs() - startMs) / 1000).toFixed(1)
}

function psField(field: 'args' | 'uid', pid: number): string {
  return execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim()
}
