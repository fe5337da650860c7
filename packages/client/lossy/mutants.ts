/** Clients that are broken on purpose: the harness must catch each of them. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { CreateClient } from './tab.ts'

interface Mutation {
  file: string
  /** Each is made; the client has more than one guard against some faults. */
  edits: [from: RegExp, to: string][]
}

export const mutations: Record<string, Mutation> = {
  'the idempotency key is forgotten': {
    file: 'session.js',
    edits: [[/key \+ \(refreshToken \?\? ''\)\.slice\(-24\)/, 'crypto.randomUUID()']],
  },
  'an answer of a proxy signs out': {
    file: 'session.js',
    edits: [
      [
        /const problem = answer instanceof ProblemError \? answer : undefined;?/,
        "$&\n if (!answer) return end('session-ended')",
      ],
    ],
  },
  'an answer is written after sign-out': {
    file: 'session.js',
    edits: [
      [/if \(expected !== generation\)/, 'if (false)'],
      [/calls\.interrupt\(\);?/, ''],
      [/latest\.isSignedOut \|\| latest\.sessionId !== record\.sessionId \|\|/, ''],
    ],
  },
  'expiry is compared with the wall clock': {
    file: 'session.js',
    edits: [
      [
        /function isFresh\([^)]*\) \{/,
        `$&
      if (access) return JSON.parse(atob(access.accessToken.split('.')[1])).exp * 1000 > clock.wallMs()`,
      ],
    ],
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
  let text = await readFile(join(copy, mutation.file), 'utf8')
  for (const [from, to] of mutation.edits) {
    if (!from.test(text)) throw new Error(`The mutation "${name}" no longer fits the sources.`)
    text = text.replace(from, to)
  }
  await writeFile(join(copy, mutation.file), text)
  const { createClient } = await import(pathToFileURL(join(copy, 'index.js')).href)
  await rm(copy, { recursive: true })
  return createClient
}
