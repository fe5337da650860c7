/** Starts nginx with the shipped configuration in front of the processes of a test. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@gatehouse/testkit'
import { until } from '../system.ts'

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
}

const shippedFolder = fileURLToPath(new URL('../../../../../services/gateway/', import.meta.url))
const program = process.env['NGINX'] ?? 'nginx'

/**
 * Ends a test file without a failure if nginx is not installed: `npx pnpm test` requires only Node.
 * CI requires nginx.
 * @param plan receives the reason
 */
export function requireNginx(plan: (count: number, why: string) => void): void {
  if (process.env['CI'] || spawnSync(program, ['-v']).status === 0) return
  plan(0, 'nginx is not installed')
  process.exit(0)
}

/** @throws Error with the log when nginx refuses the configuration */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const port = options.port ?? (await freePort())
  const url = `${options.certificates === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-gateway-'))
  writeConfiguration(folder, { ...options, port, bodyReaderPort: await freePort(), issuer: `${url}/auth` })
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
    await until(async () => isListening(port))
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

async function isListening(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  return true
}

interface RenderOptions extends GatewayOptions {
  port: number
  bodyReaderPort: number
  issuer: string
}

/** Copies the shipped configuration and renders the templates as the container does. */
/** Makes the example of the comment effective for one path of the example. */
function requireScopeBelow(file: string): void {
  const text = readFileSync(file, 'utf8')
  const example = '# set $needed_scope "storage:restricted";'
  if (!text.includes(example)) throw new Error(`${file} has no "${example}"`)
  const line = 'if ($uri ~ ^/example/restricted/) { set $needed_scope "storage:restricted"; }'
  writeFileSync(file, text.replace(example, line))
}

function writeConfiguration(folder: string, options: RenderOptions): void {
  const conf = join(folder, 'conf')
  cpSync(join(shippedFolder, 'nginx'), conf, { recursive: true })
  mkdirSync(join(conf, 'rendered'))
  requireScopeBelow(join(conf, 'protected.conf'))
  const values: Record<string, string> = {
    GATEWAY_PORT: `127.0.0.1:${options.port}`,
    ISSUER: options.issuer,
    EXAMPLE_ADDRESS: options.example ?? '127.0.0.1:9',
    GATEWAY_CERTIFICATES: options.certificates ?? '',
    BODY_READER_ADDRESS: `127.0.0.1:${options.bodyReaderPort}`,
    STRICT_TRANSPORT_SECURITY: 'max-age=31536000',
    ALLOWED_ORIGINS: options.allowedOrigins ?? '',
    PUBLISH_CONSOLE: options.hasConsole ? 'on' : 'off',
  }
  const rendered = {
    NGINX_ENVSUBST_OUTPUT_DIR: join(conf, 'rendered'),
    DROP_HEADERS: options.dropHeaders ?? '',
    FRONTEND_FOLDER: options.frontendFolder ?? '',
    FRONTEND_ADDRESS: options.frontendAddress ?? '',
  }
  for (const script of ['render-drop-headers.sh', 'render-frontend.sh'])
    execFileSync(join(shippedFolder, script), { env: { ...process.env, ...rendered } })
  const templates = options.certificates === undefined ? ['templates'] : ['templates', 'templates-tls']
  for (const name of templates) {
    for (const file of readdirSync(join(shippedFolder, name))) {
      const template = withBalancer(
        withFixedAddresses(readFileSync(join(shippedFolder, name, file), 'utf8'), options),
        options.balancer,
      )
      const text = template.replaceAll(/\$\{([A-Z_]+)\}/g, (all, variable: string) => values[variable] ?? all)
      writeFileSync(join(conf, 'rendered', file.replace(/\.template$/, '')), text)
    }
  }
}

function withBalancer(template: string, balancer: string | undefined): string {
  if (balancer === undefined) return template
  return template
    .replace(/^# set_real_ip_from .*;$/m, `set_real_ip_from ${balancer};`)
    .replace(/^# (real_ip_header)/m, '$1')
}

/**
 * Replaces DNS names by one line per replica: tests have no name server, and nginx before 1.27.3 no
 * `resolve`.
 */
function withFixedAddresses(template: string, { auths, resources }: Addresses): string {
  const linesFor = (addresses: readonly string[], rest: string) =>
    addresses.map(address => `server ${address}${rest};`).join('\n  ')
  return template
    .replace(/^resolver .*$/m, '')
    .replace(/server \$\{AUTH_ADDRESS\} resolve([^;]*);/, (_all, rest: string) => linesFor(auths, rest))
    .replace(/server \$\{RESOURCE_ADDRESS\} resolve([^;]*);/, (_all, rest: string) => linesFor(resources, rest))
}
