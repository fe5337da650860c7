/** Starts gateways from the recipes of docs/gateways.md, in front of an upstream. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, listenOnLoopback, prepareCaddy, prepareNginx, recipeBlocks } from '@gatehouse/testkit'
import { startProgram } from './startProgram.ts'

export interface RecipeGateway {
  /** What it passes on is answered with 200 and the subject that the upstream has received. */
  url: string
  stop: () => Promise<void>
}

interface Recipe {
  heading: string
  command: string
  /** Writes the files. @returns the arguments of the program */
  prepare: (folder: string, blocks: readonly string[]) => string[]
}

async function startRecipe({ heading, command, prepare }: Recipe, replace: (text: string, port: number) => string) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-recipe-'))
  const undo: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const app = createServer(({ headers }, response) => response.end(`the app, for ${headers['x-auth-subject']}`))
  const [port, appUrl] = [await freePort(), await listenOnLoopback(app, close => undo.push(close))]
  const blocks = recipeBlocks(heading).map(block => replace(block.replaceAll('app:8080', new URL(appUrl).host), port))
  const cleanUp = () => {
    for (const step of undo) step()
  }
  const { stop } = await startProgram({ command, args: prepare(folder, blocks), port, cleanUp })
  return { url: `http://127.0.0.1:${port}/`, stop }
}

export const hasHaproxy = spawnSync('haproxy', ['-v']).status === 0

/** HAProxy, which verifies signatures itself. @param place.keys the URL under which the issuer is reached without TLS */
export function startHaproxy(place: { issuer: string; keys: string }): Promise<RecipeGateway> {
  const prepare: Recipe['prepare'] = (folder, [command = '', configuration = '']) => {
    execFileSync('sh', ['-c', command.replace(place.issuer, place.keys)], { cwd: folder })
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(file, configuration.replace('gatehouse.pem', join(folder, 'gatehouse.pem')))
    return ['-db', '-f', file]
  }
  return startRecipe({ heading: 'HAProxy without a sub-request', command: 'haproxy', prepare }, (text, port) =>
    text.replace('bind :8000', `bind 127.0.0.1:${port}`).replaceAll('https://auth.example.org', place.issuer),
  )
}

/** Gateways that ask the resource service by a sub-request. */
export const forwardAuth = {
  Caddy: { heading: 'Caddy', command: 'caddy', prepare: prepareCaddy },
  nginx: { heading: 'nginx', command: 'nginx', prepare: prepareNginx },
} satisfies Record<string, Recipe>

/** @param resourceUrl the resource service */
export function startForwardAuth(name: keyof typeof forwardAuth, resourceUrl: string): Promise<RecipeGateway> {
  return startRecipe(forwardAuth[name], (text, port) =>
    text
      .replaceAll('resource:4000', new URL(resourceUrl).host)
      .replace('http://:8000', `http://127.0.0.1:${port}`)
      .replace('listen 8000', `listen 127.0.0.1:${port}`),
  )
}
