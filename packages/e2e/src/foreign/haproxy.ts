/** Starts HAProxy with the recipe of docs/gateways.md that verifies signatures without a sub-request. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, listenOnLoopback } from '@gatehouse/testkit'
import { startProgram } from './startProgram.ts'

export const hasHaproxy = spawnSync('haproxy', ['-v']).status === 0

const document = new URL('../../../../../docs/gateways.md', import.meta.url)

/** @returns the blocks of the recipe: the command that writes the key, and the configuration */
function recipe(): [command: string, configuration: string] {
  const [, section = ''] = readFileSync(document, 'utf8').split('\n## HAProxy without a sub-request\n')
  const [text = ''] = section.split('\n## ')
  const [command = '', configuration = ''] = [...text.matchAll(/```\w+\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  return [command, configuration]
}

export interface Haproxy {
  /** What it passes on is answered with 200. */
  url: string
  stop: () => Promise<void>
}

/** @param place.keys the URL under which the issuer is reached without TLS */
export async function startHaproxy(place: { issuer: string; keys: string }): Promise<Haproxy> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-haproxy-'))
  const app = createServer((_request, response) => response.end('the app'))
  const undo: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const [port, appUrl] = [await freePort(), await listenOnLoopback(app, close => undo.push(close))]
  const [command, configuration] = recipe()
  execFileSync('sh', ['-c', command.replace('https://auth.example.org', place.keys)], { cwd: folder })
  const text = configuration
    .replace('bind :8000', `bind 127.0.0.1:${port}`)
    .replace('app:8080', new URL(appUrl).host)
    .replace('https://auth.example.org', place.issuer)
    .replace('gatehouse.pem', join(folder, 'gatehouse.pem'))
  writeFileSync(join(folder, 'haproxy.cfg'), text)
  const { stop } = await startProgram({
    command: 'haproxy',
    args: ['-db', '-f', join(folder, 'haproxy.cfg')],
    port,
    cleanUp: () => {
      for (const step of undo) step()
    },
  })
  return { url: `http://127.0.0.1:${port}/`, stop }
}
