/** Starts Apache with mod_auth_openidc as a resource server: once with the keys, once with introspection. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startProgram } from '@gatehouse/testkit'
import type { Place } from './foreignSystem.ts'

const program = '/usr/sbin/apache2'
const modules = '/usr/lib/apache2/modules'
export const hasModAuthOpenidc = existsSync(program) && existsSync(join(modules, 'mod_auth_openidc.so'))

export interface Apache {
  /** Verifies tokens with the public keys. */
  keysUrl: string
  /** Asks the auth service about each token. */
  introspectionUrl: string
  log: () => string
  stop: () => Promise<void>
}

export interface ApacheOptions {
  place: Place
  client: { id: string; secret: string }
  certificateFile: string
}

export async function startApache({ place, client, certificateFile }: ApacheOptions): Promise<Apache> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-apache-'))
  const [keysPort, introspectionPort] = [await freePort(), await freePort()]
  // The child processes run as an unprivileged user.
  chmodSync(folder, 0o755)
  copyFileSync(certificateFile, join(folder, 'ca.crt'))
  mkdirSync(join(folder, 'html'))
  writeFileSync(join(folder, 'html', 'index.html'), 'the vault')
  const host = (port: number, lines: string[]) => `Listen 127.0.0.1:${port}
<VirtualHost 127.0.0.1:${port}>
  DocumentRoot ${folder}/html
  OIDCOAuthRemoteUserClaim sub
  OIDCCABundlePath ${folder}/ca.crt
  ${lines.join('\n  ')}
  <Location />
    AuthType oauth20
    Require claim scope~storage:read
  </Location>
</VirtualHost>`
  const names = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'dir', 'auth_openidc']
  const configuration = [
    `ServerRoot ${folder}`,
    'ServerName localhost',
    `PidFile ${folder}/pid`,
    `ErrorLog ${folder}/log`,
    `DefaultRuntimeDir ${folder}`,
    `Mutex file:${folder}`,
    'User nobody',
    'Group nogroup',
    ...names.map(name => `LoadModule ${name}_module ${modules}/mod_${name}.so`),
    host(keysPort, [`OIDCOAuthVerifyJwksUri ${place.issuer}/.well-known/jwks.json`]),
    host(introspectionPort, [
      `OIDCOAuthIntrospectionEndpoint ${place.issuer}/oauth/introspect`,
      `OIDCOAuthClientID ${client.id}`,
      `OIDCOAuthClientSecret ${client.secret}`,
      'OIDCOAuthTokenIntrospectionInterval -1',
    ]),
    '',
  ]
  writeFileSync(join(folder, 'apache.conf'), configuration.join('\n'))
  const { output, stop } = await startProgram({
    command: program,
    args: ['-f', join(folder, 'apache.conf'), '-D', 'FOREGROUND'],
    port: introspectionPort,
    cleanUp: () => rmSync(folder, { recursive: true, force: true }),
  })
  const log = () => output() + (existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8') : '')
  const [keysUrl, introspectionUrl] = [keysPort, introspectionPort].map(port => `http://127.0.0.1:${port}/`) as [
    string,
    string,
  ]
  return { keysUrl, introspectionUrl, log, stop }
}
