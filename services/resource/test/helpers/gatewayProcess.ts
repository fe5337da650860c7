/** Starts a gateway from the recipe in docs/gateways.md. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@gatehouse/clock'
import { eventTimeoutMs, freePort, prepareCaddy, prepareNginx, recipeBlocks } from '@gatehouse/testkit'

export interface Ports {
  resource: number
  app: number
}

export interface GatewayRecipe {
  /** The heading in docs/gateways.md. */
  name: string
  program: string
  /** The Debian packages that the test needs. */
  packages: string
  isInstalled: () => boolean
  /** Writes the files of the recipe into a folder. @returns the arguments of the program */
  prepare: (folder: string, blocks: readonly string[]) => string[]
}

const runs = (program: string, ...args: string[]) => spawnSync(program, args).status === 0

export const recipes: GatewayRecipe[] = [
  {
    ...{ name: 'nginx', program: 'nginx', packages: 'nginx', isInstalled: () => runs('nginx', '-v') },
    prepare: prepareNginx,
  },
  {
    ...{ name: 'Caddy', program: 'caddy', packages: 'caddy', isInstalled: () => runs('caddy', 'version') },
    prepare: prepareCaddy,
  },
  {
    ...{ name: 'HAProxy', program: 'haproxy', packages: 'haproxy', isInstalled: () => runs('haproxy', '-v') },
    prepare(folder, [lua = '', config = '']) {
      writeFileSync(join(folder, 'verify.lua'), lua)
      writeFileSync(join(folder, 'haproxy.cfg'), config.replace('verify.lua', join(folder, 'verify.lua')))
      return ['-db', '-f', join(folder, 'haproxy.cfg')]
    },
  },
  {
    ...{ name: 'Apache', program: 'apache2', packages: 'apache2 lua-socket' },
    isInstalled: () => runs('apache2', '-v') && runs('find', '/usr/share/lua/5.3/socket/http.lua'),
    prepare(folder, [lua = '', config = '']) {
      const modules = ['mpm_event', 'authz_core', 'setenvif', 'lua', 'proxy', 'proxy_http']
      const load = modules.map(name => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
      const base = [
        `ServerRoot ${folder}`,
        `PidFile ${folder}/pid`,
        `ErrorLog ${folder}/error.log`,
        'ServerName localhost',
      ]
      const user = process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []
      writeFileSync(join(folder, 'verify.lua'), lua)
      const text = config.replace('verify.lua', join(folder, 'verify.lua'))
      writeFileSync(join(folder, 'apache.conf'), [...load, ...base, ...user, text].join('\n'))
      return ['-X', '-f', join(folder, 'apache.conf')]
    },
  },
]

/** @returns the gateway's port, and a function that stops it */
export async function startRecipe(recipe: GatewayRecipe, { resource, app }: Ports) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-recipe-'))
  const port = await freePort()
  const blocks = recipeBlocks(recipe.name).map(block =>
    block
      .replaceAll('resource:4000', `127.0.0.1:${resource}`)
      .replaceAll('app:8080', `127.0.0.1:${app}`)
      .replace(/(listen |Listen |http:\/\/:|bind :)8000/, (_, before: string) =>
        before.startsWith('http')
          ? `http://127.0.0.1:${port}`
          : before === 'bind :'
            ? `bind 127.0.0.1:${port}`
            : `${before}127.0.0.1:${port}`,
      ),
  )
  mkdirSync(join(folder, 'home'))
  const args = recipe.prepare(folder, blocks)
  // The web server runs as another user when the test runs as root.
  spawnSync('chmod', ['-R', 'a+rX', folder])
  const env = { PATH: process.env['PATH'], HOME: join(folder, 'home') }
  const child = spawn(recipe.program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const log: string[] = []
  for (const output of [child.stdout, child.stderr]) output.on('data', chunk => log.push(String(chunk)))
  const stop = async () => {
    // Not SIGKILL: nginx's master process stops its workers.
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await listening(port, child)
  } catch (error) {
    await stop()
    throw new Error(`${recipe.name} did not start: ${error}\n${log.join('')}`)
  }
  return { port, stop, log: () => log.join('') }
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  const untilMs = systemClock.nowMs() + eventTimeoutMs
  while (systemClock.nowMs() < untilMs && child.exitCode === null) {
    const socket = createConnection(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    await systemClock.sleep(20)
  }
  throw new Error('no process listens')
}
