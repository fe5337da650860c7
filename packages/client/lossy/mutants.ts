/** Clients that are broken on purpose: the harness must catch each of them. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { CreateClient } from './tab.ts'

interface Mutation {
  file: string
  from: RegExp
  to: string
}

export const mutations: Record<string, Mutation> = {
  'the idempotency key is forgotten': {
    file: 'session.js',
    from: /key \+ \(refreshToken \?\? ''\)\.slice\(-24\)/,
    to: 'crypto.randomUUID()',
  },
  'an answer of a proxy signs out': {
    file: 'session.js',
    from: /const problem = answer instanceof ProblemError \? answer : undefined;?/,
    to: "$&\n if (!answer) return end('session-ended')",
  },
  'an answer is written after sign-out': {
    file: 'session.js',
    from: /if \(expected !== generation\)/,
    to: 'if (false)',
  },
  'expiry is compared with the wall clock': {
    file: 'session.js',
    from: /function isFresh\([^)]*\) \{/,
    to: `$&
      if (access) return JSON.parse(atob(access.accessToken.split('.')[1])).exp * 1000 > clock.wallMs()`,
  },
}

/** @returns `createClient` of a copy of the compiled sources with one mutation */
export async function mutant(name: string): Promise<CreateClient> {
  const mutation = mutations[name]
  if (!mutation) throw new Error(`There is no mutation "${name}".`)
  const sources = fileURLToPath(new URL('../src/', import.meta.url))
  // Outside of the repository, so that coverage does not count it. The sources import no package.
  const copy = await mkdtemp(join(tmpdir(), 'gatehouse-mutant-'))
  await cp(sources, copy, { recursive: true, filter: path => !path.endsWith('.map') })
  await writeFile(join(copy, 'package.json'), '{ "type": "module" }')
  const text = await readFile(join(copy, mutation.file), 'utf8')
  if (!mutation.from.test(text)) throw new Error(`The mutation "${name}" no longer fits the sources.`)
  await writeFile(join(copy, mutation.file), text.replace(mutation.from, mutation.to))
  const { createClient } = await import(pathToFileURL(join(copy, 'index.js')).href)
  await rm(copy, { recursive: true })
  return createClient
}
