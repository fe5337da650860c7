/** The configuration of a process under load, passed in its environment. */
import { clientSecret } from '@gatehouse/e2e'
import { startProcess, type TestProcess } from '@gatehouse/testkit'
import type { Environment } from '../environment.ts'

export interface WorkerConfig {
  issuer: string
  authUrl: string
  publicKey: string
  clientSecret: string
}

const variable = 'BENCH_WORKER'

export function readWorkerConfig(): WorkerConfig {
  return JSON.parse(process.env[variable] ?? '{}')
}

export async function workerConfigOf(environment: Environment): Promise<WorkerConfig> {
  const { url } = await environment.auth()
  return { issuer: environment.system.issuer, authUrl: url, publicKey: environment.publicKey, clientSecret }
}

/**
 * Starts a program of this folder.
 * @param flags of Node
 * @returns the process; `ready` is its address
 */
export async function startWorker(
  environment: Environment,
  program: string,
  flags: readonly string[] = [],
): Promise<TestProcess> {
  const [entry = '', ...rest] = [...flags, new URL(`./${program}.js`, import.meta.url).pathname]
  return startProcess({
    entry,
    arguments: rest,
    env: { [variable]: JSON.stringify(await workerConfigOf(environment)), NODE_ENV: 'production' },
    readyWhen: /listening at (\S+)/,
  })
}
