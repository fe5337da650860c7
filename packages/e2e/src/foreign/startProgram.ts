/** Starts a foreign server and waits until it listens. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { isListening } from '@gatehouse/testkit'
import { until } from '../system.ts'

export interface Program {
  command: string
  args: readonly string[]
  /** A port on 127.0.0.1 on which it listens. */
  port: number
  /** Runs when the program has ended. */
  cleanUp: () => void
}

/**
 * @returns what it has written to standard error so far, and a function that stops it
 * @throws Error with that text when it ends instead
 */
export async function startProgram({ command, args, port, cleanUp }: Program) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.on('data', chunk => {
    output += chunk
  })
  const stop = async () => {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
    cleanUp()
  }
  const exited = once(child, 'exit').then(() => {
    throw new Error(`${command} did not start: ${output}`)
  })
  const listening = until(() => isListening(port))
  try {
    await Promise.race([listening, exited])
  } catch (error) {
    await stop()
    throw error
  }
  exited.catch(() => undefined)
  return { output: () => output, stop }
}
