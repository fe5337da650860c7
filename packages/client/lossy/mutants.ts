/** Clients that are broken on purpose: the harness must catch each of them. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { CreateClient } from './tab.ts'

/** Each is made; the client has more than one guard against some faults. */
type Edit = [file: string, from: RegExp, to: string]

export const mutations: Record<string, Edit[]> = {
  'the idempotency key is forgotten': [
    ['renewal.js', /key \+ \(refreshToken \?\? ''\)\.slice\(-24\)/, 'crypto.randomUUID()'],
  ],
  'an answer of a proxy signs out': [
    ['renewal.js', /const problem = answer\?\.problem;?/, "$&\n if (!answer) return end(core, 'session-ended')"],
  ],
  'an answer is written after sign-out': [
    ['session.js', /if \(expected !== core\.generation\)/, 'if (false)'],
    ['session.js', /core\.calls\.abort\(.*\);?/, ''],
    ['renewal.js', /latest\.key !== key \|\|/, ''],
  ],
  'expiry is compared with the wall clock': [
    [
      'session.js',
      /function isFresh\(.*\) \{/,
      `$&
      if (access) return JSON.parse(atob(access.accessToken.split('.')[1])).exp * 1000 > clock.wallMs()`,
    ],
  ],
}

/** @returns `createBrowserClient` of a copy of the compiled sources with one mutation */
export async function mutant(name: string): Promise<CreateClient> {
  const mutation = mutations[name]
  if (!mutation) throw new Error(`There is no mutation "${name}".`)
  const sources = fileURLToPath(new URL('../src/', import.meta.url))
  // Outside of the repository, so that coverage does not count it. The sources import no package.
  const copy = await mkdtemp(join(tmpdir(), 'gatehouse-mutant-'))
  await cp(sources, copy, { recursive: true, filter: path => !path.endsWith('.map') })
  await writeFile(join(copy, 'package.json'), '{ "type": "module" }')
  for (const [file, from, to] of mutation) {
    const text = await readFile(join(copy, file), 'utf8')
    if (!from.test(text)) throw new Error(`The mutation "${name}" no longer fits the sources.`)
    await writeFile(join(copy, file), text.replace(from, to))
  }
  const { createBrowserClient } = await import(pathToFileURL(join(copy, 'browser.js')).href)
  await rm(copy, { recursive: true })
  return createBrowserClient
}
