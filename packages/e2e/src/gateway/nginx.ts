/** Starts nginx with the shipped configuration in front of the processes of a test. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, isListening, until } from '@gatehouse/testkit'

export interface Addresses {
  /** `host:port` of each replica. */
  auths: readonly string[]
  resources: readonly string[]
  /** `host:port` of the third upstream; by default a port on which no process listens. */
  example?: string
}

export interface Gateway {
  url: string
  port: number
  /** The log so far. */
  log: () => string
  stop: () => Promise<void>
}

export interface GatewayOptions extends Addresses {
  port?: number
  /** Folder with `tls.crt` and `tls.key`; enables TLS. */
  certificates?: string
  hasHttp2?: boolean
  /** The variable BODY_TIMEOUT. */
  bodyTimeout?: string
  /** Network of a load balancer in front, as an operator sets it in the template. */
  balancer?: string
  /** The variable ALLOWED_ORIGINS. */
  allowedOrigins?: string
  /** Makes the console public. */
  hasConsole?: boolean
  /** The variable DROP_HEADERS. */
  dropHeaders?: string
  /** The variable FRONTEND_FOLDER. */
  frontendFolder?: string
  /** The variable FRONTEND_ADDRESS. */
  frontendAddress?: string
  /** Instead of the 40 seconds for which the gateway waits for an answer. */
  readSeconds?: number
}

const shippedFolder = fileURLToPath(new URL('../../../../../services/gateway/', import.meta.url))
const program = process.env['NGINX'] ?? 'nginx'
const luaModule = '/usr/lib/nginx/modules/ngx_http_lua_module.so'

/**
 * Ends a test file without a failure if nginx or its Lua module is not installed: `npx pnpm test`
 * requires only Node. CI requires both.
 * @param plan receives the reason
 */
export function requireNginx(plan: (count: number, why: string) => void): void {
  if (process.env['CI'] || (spawnSync(program, ['-v']).status === 0 && existsSync(luaModule))) return
  plan(0, 'nginx or its Lua module (Debian: libnginx-mod-http-lua) is not installed')
  process.exit(0)
}

/** @throws Error with the log when nginx refuses the configuration */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const port = options.port ?? (await freePort())
  const url = `${options.certificates === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-gateway-'))
  writeConfiguration(folder, { ...options, port, issuer: `${url}/auth` })
  const logFile = join(folder, 'log')
  const log = () => readFileSync(logFile, 'utf8')
  const outputFd = openSync(logFile, 'a')
  // The shell stops nginx when its standard input ends, also after a SIGKILL of the test.
  const child = spawn(
    '/bin/sh',
    ['-c', '"$@" & read -r _; kill -TERM $!; wait $!', 'sh', program, ...argumentsFor(folder)],
    { stdio: ['pipe', outputFd, outputFd] },
  )
  const stop = async () => {
    child.stdin?.end()
    if (child.exitCode === null) await once(child, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await until(() => isListening(port))
  } catch {
    const output = log()
    await stop()
    throw new Error(`nginx did not start:\n${output}`)
  }
  return { url, port, log, stop }
}

function argumentsFor(folder: string): string[] {
  return ['-p', folder, '-c', join(folder, 'conf', 'nginx.conf'), '-e', 'stderr', '-g', 'daemon off;']
}

interface RenderOptions extends GatewayOptions {
  port: number
  issuer: string
}

/** @throws Error when the file does not contain the text */
function replaceIn(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8')
  if (!text.includes(from)) throw new Error(`${file} has no "${from}"`)
  writeFileSync(file, text.replace(from, to))
}

/** Renders the shipped configuration by its script for hosts without containers. */
function writeConfiguration(folder: string, options: RenderOptions): void {
  const conf = join(folder, 'conf')
  const env = {
    PATH: process.env['PATH'],
    GATEWAY_PORT: `127.0.0.1:${options.port}${options.hasHttp2 ? ' http2' : ''}`,
    ISSUER: options.issuer,
    AUTH_ADDRESS: options.auths.join(' '),
    RESOURCE_ADDRESS: options.resources.join(' '),
    EXAMPLE_ADDRESS: options.example,
    GATEWAY_CERTIFICATES: options.certificates,
    BODY_TIMEOUT: options.bodyTimeout,
    ALLOWED_ORIGINS: options.allowedOrigins,
    PUBLISH_CONSOLE: options.hasConsole ? 'on' : 'off',
    DROP_HEADERS: options.dropHeaders,
    FRONTEND_FOLDER: options.frontendFolder,
    FRONTEND_ADDRESS: options.frontendAddress,
  }
  execFileSync(join(shippedFolder, 'render.sh'), [conf], { env })
  // Makes the example of the comment effective for one path.
  const scope = 'set $needed_scope "storage:restricted";'
  replaceIn(join(conf, 'protected.conf'), `# ${scope}`, `if ($uri ~ ^/example/restricted/) { ${scope} }`)
  const { readSeconds = 40 } = options
  replaceIn(join(conf, 'nginx.conf'), 'proxy_read_timeout 40s;', `proxy_read_timeout ${readSeconds}s;`)
  if (options.balancer !== undefined) trust(options.balancer, join(conf, 'rendered', 'upstreams.conf'))
}

/** Trusts the addresses that a load balancer reports, as the comment of the template shows. */
function trust(balancer: string, file: string): void {
  const text = readFileSync(file, 'utf8')
    .replace(/^# set_real_ip_from .*;$/m, `set_real_ip_from ${balancer};`)
    .replace(/^# (real_ip_header)/m, '$1')
  writeFileSync(file, text)
}
