/** Starts gateways from the recipes of docs/gateways.md, in front of an upstream. */
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { listenOnLoopback, prepareCaddy, prepareNginx, type Recipe, startRecipe } from '@gatehouse/testkit'
import type { Test } from 'tap'

/** @returns the URL of the gateway: what it passes on is answered with 200 and the subject that the upstream has received */
async function startInFrontOfApp(t: Test, recipe: Recipe, names: Record<string, string>): Promise<string> {
  const app = createServer(({ headers }, response) => response.end(`the app, for ${headers['x-auth-subject']}`))
  const appUrl = await listenOnLoopback(app, t.teardown)
  const { port, stop } = await startRecipe(recipe, { 'app:8080': new URL(appUrl).host, ...names })
  t.teardown(stop)
  return `http://127.0.0.1:${port}/`
}

export const hasHaproxy = spawnSync('haproxy', ['-v']).status === 0

/** HAProxy, which verifies signatures itself. @param place.keys the URL under which the issuer is reached without TLS */
export function startHaproxy(t: Test, place: { issuer: string; keys: string }): Promise<string> {
  const prepare: Recipe['prepare'] = (folder, [command = '', configuration = '']) => {
    execFileSync('sh', ['-c', command.replace(place.issuer, place.keys)], { cwd: folder })
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(file, configuration.replace('gatehouse.pem', join(folder, 'gatehouse.pem')))
    return ['-db', '-f', file]
  }
  const recipe = { heading: 'HAProxy without a sub-request', command: 'haproxy', prepare }
  return startInFrontOfApp(t, recipe, { 'https://auth.example.org': place.issuer })
}

/** Gateways that ask the resource service by a sub-request. */
export const forwardAuth = {
  Caddy: { heading: 'Caddy', command: 'caddy', prepare: prepareCaddy },
  nginx: { heading: 'nginx', command: 'nginx', prepare: prepareNginx },
} satisfies Record<string, Recipe>

/** @param resourceUrl the resource service */
export function startForwardAuth(t: Test, name: keyof typeof forwardAuth, resourceUrl: string): Promise<string> {
  return startInFrontOfApp(t, forwardAuth[name], { 'resource:4000': new URL(resourceUrl).host })
}
