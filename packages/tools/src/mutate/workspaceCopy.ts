/** A copy of the compiled workspace, in which a mutation cannot damage the real one. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { transformSync } from 'esbuild'
import type { Mutation } from './mutation.ts'

export interface WorkspaceCopy {
  root: string
  /** Applies a mutation to the compiled file. @returns a function that undoes it */
  apply: (mutation: Mutation) => () => void
  remove: () => void
}

const copied = ['packages', 'services', 'prisma', 'prisma.config.ts', 'package.json', 'pnpm-workspace.yaml']

export function copyWorkspace(repository: string): WorkspaceCopy {
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-mutate-'))
  // Packages refer to each other by relative links, which lead to the copy; other dependencies stay
  // where they are.
  for (const name of copied)
    cpSync(join(repository, name), join(root, name), { recursive: true, verbatimSymlinks: true })
  symlinkSync(resolve(repository, 'node_modules'), join(root, 'node_modules'))

  const apply: WorkspaceCopy['apply'] = ({ file, from, to }) => {
    const source = readFileSync(join(repository, file), 'utf8')
    if (source.split(from).length !== 2) throw new Error(`${file} does not contain exactly once: ${from}`)
    const compiled = join(root, compiledPath(file))
    const original = readFileSync(compiled, 'utf8')
    writeFileSync(compiled, compile(source.replace(from, () => to)))
    return () => writeFileSync(compiled, original)
  }
  return { root, apply, remove: () => rmSync(root, { recursive: true }) }
}

/** `packages/guard/src/fastify.ts` compiles to `packages/guard/dist/src/fastify.js`. */
export function compiledPath(file: string): string {
  return file.replace(/^((?:packages|services)\/[\w-]+)\//, '$1/dist/').replace(/\.ts$/, '.js')
}

function compile(source: string): string {
  const { code } = transformSync(source, { loader: 'ts', format: 'esm', target: 'node20' })
  return code.replace(/(from\s+|import\(\s*)(['"])(\.[^'"]+)\.ts\2/g, '$1$2$3.js$2')
}
