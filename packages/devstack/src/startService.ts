/** Starts a service of the stack and writes its output to a log file. */
import { createWriteStream } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { SettingsError } from '@gatehouse/settings'
import { startProcess, type TestProcess } from '@gatehouse/testkit'
import type { StackSettings } from './settings.ts'

/** A step that stops what has started. */
export type Undo = () => Promise<unknown>

/** @throws SettingsError */
export async function requireFreePort(variable: 'AUTH_PORT' | 'RESOURCE_PORT', settings: StackSettings): Promise<void> {
  const port = settings[variable]
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE'
      reject(
        new SettingsError(
          `Port ${port} ${isTaken ? 'is in use' : `cannot be used (${error.code})`}: set ${variable} to another.`,
        ),
      )
    })
    server.listen(port, settings.HOST, () => server.close(() => resolve()))
  })
}

export interface ServiceOptions {
  name: string
  dataDir: string
  env: Record<string, string | undefined>
  undo: Undo[]
}

export async function startService({ name, dataDir, env, undo }: ServiceOptions): Promise<TestProcess> {
  const log = createWriteStream(logFile(dataDir, name), { flags: 'a', mode: 0o600 })
  undo.push(async () => log.end())
  const process = await startProcess({
    entry: `services/${name}/dist/bundle/main.js`,
    env,
    readyWhen: /"msg":"listening"/,
    onLine: line => log.write(`${line}\n`),
  }).catch((error: Error) => {
    throw new SettingsError(`${reasonOf(name, error.message)} Its log is in ${logFile(dataDir, name)}`)
  })
  undo.push(() => process.stop())
  return process
}

/** The sentence that the service printed when it ended. */
function reasonOf(name: string, output: string): string {
  const [, ...lines] = output.split('\n')
  const line = lines.find(text => text.startsWith(`${name}: `)) ?? lines.find(text => /error/i.test(text))
  return `The ${name} service did not start. ${(line ?? '').replace(`${name}: `, '')}`.trim()
}

export function logFile(dataDir: string, name: string): string {
  return join(dataDir, 'logs', `${name}.log`)
}
