/** Code of the documentation, as tests run it: examples, and the recipes of docs/gateways.md. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './ports.ts'
import { startProgram } from './startProgram.ts'

const document = new URL('../../../../docs/gateways.md', import.meta.url)

/** The code blocks below a heading of the page. */
function recipeBlocks(heading: string): string[] {
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
    new RegExp(`<!-- run: ${name} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(readFileSync(page, 'utf8')) ?? []
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

export interface Recipe {
  /** Of the page docs/gateways.md. */
  heading: string
  command: string
  /** Writes the files of the blocks into a folder. @returns the arguments of the program */
  prepare: (folder: string, blocks: readonly string[]) => string[]
}

/**
 * Starts a gateway from its recipe on a free port of 127.0.0.1.
 * @param names what stands for the names of the page, such as `app:8080`
 */
export async function startRecipe({ heading, command, prepare }: Recipe, names: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-recipe-'))
  const port = await freePort()
  const blocks = recipeBlocks(heading).map(block =>
    Object.entries(names)
      .reduce((text, [name, value]) => text.replaceAll(name, value), block)
      .replace(/(listen |Listen |http:\/\/|bind ):?8000/, (_all, before: string) => `${before}127.0.0.1:${port}`),
  )
  mkdirSync(join(folder, 'home'))
  const args = prepare(folder, blocks)
  // The web server runs as another user when the test runs as root.
  execFileSync('chmod', ['-R', 'a+rX', folder])
  const env = { PATH: process.env['PATH'], HOME: join(folder, 'home') }
  const cleanUp = () => rmSync(folder, { recursive: true, force: true })
  const { stop } = await startProgram({ command, args, port, env, cleanUp })
  return { port, stop }
}
