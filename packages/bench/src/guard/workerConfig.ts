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
 * @param options flags of Node, and arguments of the program
 * @returns the process; `ready` is its address
 */
export async function startWorker(
  environment: Environment,
  program: string,
  { flags = [], programArguments = [] }: { flags?: readonly string[]; programArguments?: readonly string[] } = {},
): Promise<TestProcess> {
  const file = new URL(`./${program}.js`, import.meta.url).pathname
  const [entry = '', ...rest] = [...flags, file, ...programArguments]
  return startProcess({
    entry,
    arguments: rest,
    env: { [variable]: JSON.stringify(await workerConfigOf(environment)), NODE_ENV: 'production' },
    readyWhen: /listening at (\S+)/,
  })
}

/** The guard of a worker, without its metrics. */
export function guardOptions({ issuer, authUrl, publicKey, clientSecret }: WorkerConfig) {
  return {
    issuer,
    publicKey,
    clientSecret,
    authUrls: [authUrl],
    audience: 'gatehouse',
    clientId: 'resource',
    name: 'bench',
  }
}
