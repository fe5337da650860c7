/** What a process under load is told: by its environment, since it is started as any service is. */
import { clientSecret } from '@gatehouse/e2e'
import { startProcess, type TestProcess } from '@gatehouse/testkit'
import type { Place } from '../environment.ts'

export interface Job {
  issuer: string
  authUrl: string
  publicKey: string
  clientSecret: string
}

const variable = 'BENCH_JOB'

export function readJob(): Job {
  return JSON.parse(process.env[variable] ?? '{}')
}

/**
 * Starts one of the programs in this folder; `ready` is its address.
 * @param flags of Node itself, which come before the program
 */
export async function startUnderLoad(
  place: Place,
  program: string,
  flags: readonly string[] = [],
): Promise<TestProcess> {
  const { url } = await place.auth()
  const job: Job = { issuer: place.system.issuer, authUrl: url, publicKey: place.publicKey, clientSecret }
  const [entry = '', ...others] = [...flags, new URL(`./${program}.js`, import.meta.url).pathname]
  return startProcess({
    entry,
    arguments: others,
    env: { [variable]: JSON.stringify(job), NODE_ENV: 'production' },
    readyWhen: /listening at (\S+)/,
  })
}
