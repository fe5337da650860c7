/** Starts a fake auth service and a process with a guard, and checks it. */
import { startProcess } from '@gatehouse/testkit'
import { type CheckResult, type RunOptions, runChecks, startFakeAuth } from '../../src/index.ts'

export interface GuardProcess {
  /** The JavaScript file of the application. It prints `listening at URL`. */
  entry: string
  /** Arguments of the application, after the URL of the fake auth service. */
  arguments?: readonly string[]
  /** The runtime and its arguments before the file; by default Node. */
  command?: readonly string[] | undefined
  /** Options of Node, for example a preloaded module. */
  nodeOptions?: string
  options?: Pick<RunOptions, 'only' | 'routes'>
}

/** @returns the results, after both have stopped */
export async function checkProcess(guard: GuardProcess): Promise<CheckResult[]> {
  const { entry, command, nodeOptions, options = {} } = guard
  const auth = await startFakeAuth()
  let app: Awaited<ReturnType<typeof startProcess>> | undefined
  try {
    app = await startProcess({
      entry,
      command,
      arguments: [auth.url, ...(guard.arguments ?? [])],
      env: nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions },
      readyWhen: /listening at (\S+)/,
    })
    return await runChecks({ url: app.ready, auth, pid: app.pid, ...options })
  } finally {
    await app?.kill()
    await auth.stop()
  }
}
