/** Starts a foreign server and waits until it listens. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { isListening } from './ports.ts'
import { until } from './timeouts.ts'

export interface Program {
  command: string
  args: readonly string[]
  /** A port on 127.0.0.1 on which it listens. */
  port: number
  env?: NodeJS.ProcessEnv
  /** Runs when the program has ended. */
  cleanUp: () => void
}

/**
 * @returns what it has written so far, and a function that stops it
 * @throws {Error} with that text when it does not listen
 */
export async function startProgram({ command, args, port, env, cleanUp }: Program) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', chunk => {
      output += chunk
    })
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const stop = async () => {
    // Not SIGKILL: the master process of nginx stops its workers.
    child.kill('SIGTERM')
    if (!hasEnded()) await once(child, 'exit')
    cleanUp()
  }
  try {
    await until(async () => hasEnded() || (await isListening(port)))
    if (hasEnded()) throw new Error(`${command} has ended`)
  } catch (cause) {
    await stop()
    throw new Error(`${command} did not start: ${output}`, { cause })
  }
  return { output: () => output, stop }
}
