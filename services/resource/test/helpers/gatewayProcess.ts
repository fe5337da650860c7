/** The gateways of docs/gateways.md that ask the resource service by a sub-request. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareCaddy, prepareNginx, type Recipe } from '@gatehouse/testkit'

export interface GatewayRecipe extends Recipe {
  /** The Debian packages that the test needs. */
  packages: string
  isInstalled: () => boolean
}

const named = (heading: string, command: string) => ({ heading, command, packages: command })
const runs = (program: string, ...args: string[]) => spawnSync(program, args).status === 0

export const recipes: GatewayRecipe[] = [
  { ...named('nginx', 'nginx'), isInstalled: () => runs('nginx', '-v'), prepare: prepareNginx },
  { ...named('Caddy', 'caddy'), isInstalled: () => runs('caddy', 'version'), prepare: prepareCaddy },
  {
    ...named('HAProxy', 'haproxy'),
    isInstalled: () => runs('haproxy', '-v'),
    prepare(folder, [lua = '', config = '']) {
      writeFileSync(join(folder, 'verify.lua'), lua)
      writeFileSync(join(folder, 'haproxy.cfg'), config.replace('verify.lua', join(folder, 'verify.lua')))
      return ['-db', '-f', join(folder, 'haproxy.cfg')]
    },
  },
  {
    heading: 'Apache',
    command: 'apache2',
    packages: 'apache2 lua-socket',
    isInstalled: () => runs('apache2', '-v') && runs('find', '/usr/share/lua/5.3/socket/http.lua'),
    prepare(folder, [lua = '', config = '']) {
      const modules = ['mpm_event', 'authz_core', 'setenvif', 'lua', 'proxy', 'proxy_http']
      const load = modules.map(name => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
      const files = [`ServerRoot ${folder}`, `PidFile ${folder}/pid`, `ErrorLog ${folder}/error.log`]
      const user = process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []
      writeFileSync(join(folder, 'verify.lua'), lua)
      const text = config.replace('verify.lua', join(folder, 'verify.lua'))
      writeFileSync(join(folder, 'apache.conf'), [...load, ...files, 'ServerName localhost', ...user, text].join('\n'))
      return ['-X', '-f', join(folder, 'apache.conf')]
    },
  },
]
