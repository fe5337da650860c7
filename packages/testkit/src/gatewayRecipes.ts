/** Code of the documentation, as tests run it: examples, and the recipes of docs/gateways.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const document = new URL('../../../../docs/gateways.md', import.meta.url)

/** The code blocks below a heading of the page. */
export function recipeBlocks(heading: string): string[] {
  const [, section = ''] = readFileSync(document, 'utf8').split(`\n## ${heading}\n`)
  const [text = ''] = section.split('\n## ')
  return [...text.matchAll(/```\w+\n([\s\S]*?)```/g)].map(([, block = '']) => block)
}

/**
 * @param name of the marker `<!-- run: NAME -->` above the block
 * @throws {Error} when the page has no such block
 */
export function exampleOf(page: string, name: string): string {
  const [, code] =
    new RegExp(`<!-- run: ${name} -->\\n\`\`\`js\\n([\\s\\S]*?)\`\`\``).exec(readFileSync(page, 'utf8')) ?? []
  if (code === undefined) throw new Error(`${page} has no example "${name}"`)
  return code
}

/** Writes nginx's configuration into a folder. @returns the arguments of the program */
export function prepareNginx(folder: string, [server = '']: readonly string[]): string[] {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`)
  const main = `daemon off; pid ${folder}/pid; error_log stderr; events {} http { access_log off; ${paths.join(' ')}\n${server}}`
  writeFileSync(join(folder, 'nginx.conf'), main)
  return ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr']
}

/** Writes Caddy's configuration into a folder. @returns the arguments of the program */
export function prepareCaddy(folder: string, [site = '']: readonly string[]): string[] {
  writeFileSync(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https off\n}\n${site}`)
  return ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')]
}
