/** Runs the command line as a process. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

/** The bundle is what users run, and starts in half the time of the modules. */
export const gatehouse = fileURLToPath(new URL('../../bundle/gatehouse.js', import.meta.url))

interface Ended {
  code: number
  stdout: string
  stderr: string
}

/**
 * @returns a function that runs a command in this environment; `entry` replaces the program, and
 * `input` is its standard input
 */
export function runner(environment: Record<string, string>, entry = gatehouse, input?: string) {
  return (...words: string[]) =>
    new Promise<Ended>(resolve => {
      const env = { PATH: process.env['PATH'], ...environment }
      const child = execFile(process.execPath, [entry, ...words], { env }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      )
      // A command that refuses its arguments reads no input.
      if (input !== undefined) child.stdin?.on('error', () => undefined).end(input)
    })
}

/** A new GATEHOUSE_HOME, which the test removes. */
export async function homeFor(t: Test): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'gatehouse-cli-'))
  t.teardown(() => rm(home, { recursive: true }))
  return home
}
