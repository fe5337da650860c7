/** Lets everybody else go first: what this thread does takes the processor time that nobody wants just now. */
import { execFileSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { basename } from 'node:path'

/** Part of util-linux, which Debian calls essential. */
const chrt = '/usr/bin/chrt'

/**
 * On Linux SCHED_IDLE, sched(7): whoever wakes up runs at once, where against a merely nice thread it waits for the end of
 * the slice, a millisecond at each of a renewal's half dozen steps. Without `chrt` it is nice instead; on other systems,
 * where a thread has no priority of its own, nothing is done.
 * @returns what came of it
 */
export function yieldToOthers(): 'idle' | 'nice' | 'equal' {
  if (process.platform !== 'linux') return 'equal'
  const thread = basename(readlinkSync('/proc/thread-self'))
  try {
    execFileSync(chrt, ['--idle', '--pid', '0', thread], { stdio: 'ignore', timeout: 2000 })
    return 'idle'
  } catch {
    setPriority(Number(thread), constants.priority.PRIORITY_LOW)
    return 'nice'
  }
}
