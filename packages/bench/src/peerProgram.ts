/** Installs and starts the programs in `packages/bench/peers`, which are outside the workspace. */
import { join } from 'node:path'
import { installOnDemand, startProcess, type TestProcess } from '@gatehouse/testkit'

export const peersFolder = 'packages/bench/peers'

/**
 * @param name of a file in the folder, without its extension
 * @param config what the program reads with `readPeerConfig`
 * @returns the process; `ready` is its address
 */
export async function startPeerProgram(name: string, config: object): Promise<TestProcess> {
  return startProcess({
    entry: join(await installOnDemand(peersFolder), `${name}.mjs`),
    env: { BENCH_PEER: JSON.stringify(config), NODE_ENV: 'production' },
    readyWhen: /listening at (\S+)/,
  })
}
