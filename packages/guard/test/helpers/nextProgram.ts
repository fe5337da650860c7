/** The program for Next of docs/frameworks.md, in an application of Next that is built with it. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { installOnDemand, startProcess, type TestProcess } from '@gatehouse/testkit'
import { transform } from 'esbuild'

const environment = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NEXT_MANUAL_SIG_HANDLE: 'true' }

/**
 * Writes the files of the program into the application, and builds it.
 * @param values what the program uses in place of the values of the page
 */
export async function buildNext(
  values: ReadonlyMap<string, string>,
): Promise<{ start(port: number): Promise<TestProcess> }> {
  const folder = await installOnDemand('packages/guard/frameworks/next')
  const page = await readFile(join(folder, '../../../../docs/frameworks.md'), 'utf8')
  for (const [, file = '', program = ''] of page.matchAll(/<!-- file: next\/(\S+)\.ts -->\n```ts\n([\s\S]*?)```/g)) {
    let code = program
    for (const [from, to] of values) code = code.replace(`'${from}'`, () => JSON.stringify(to))
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, `${file}.js`), (await transform(code, { loader: 'ts' })).code)
  }
  const next = join(folder, 'node_modules/next/dist/bin/next')
  await promisify(execFile)(process.execPath, [next, 'build', folder], { env: environment })
  return {
    start: port =>
      startProcess({
        entry: next,
        arguments: ['start', folder, '--port', String(port)],
        env: environment,
        readyWhen: /Ready in/,
      }),
  }
}
