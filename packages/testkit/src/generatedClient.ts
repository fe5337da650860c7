/** Makes a client from an OpenAPI document with a generator of others, compiles a program that uses it, and runs it. */
import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface GeneratedClient {
  /** The folder of `installOnDemand` with the generators. */
  tools: string
  document: object
  generator: keyof typeof generators
  /** The program: TypeScript that imports `client.ts` (oazapfts) or `schema.js` (openapi-typescript). */
  program: string
  args: readonly string[]
}

/** The program of each generator, and its arguments. */
const generators = {
  oazapfts: { entry: ['oazapfts', '..', 'cli.js'], args: ['openapi.json', 'client.ts'] },
  'openapi-typescript': {
    entry: ['openapi-typescript/package.json', '..', 'bin', 'cli.js'],
    args: ['openapi.json', '-o', 'schema.d.ts'],
  },
} as const

const compilerOptions = {
  target: 'es2023',
  module: 'nodenext',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  rewriteRelativeImportExtensions: true,
}

const run = promisify(execFile)

/** @returns what the compiler says, and the JSON that the program prints; null when it does not compile */
export async function runGeneratedClient(client: GeneratedClient): Promise<{ errors: string; output: unknown }> {
  const { tools, document, generator, program, args } = client
  // Beside the installed tools, so that the generated client finds its runtime.
  const folder = await mkdtemp(join(tools, 'generated-client-'))
  try {
    await writeFile(join(folder, 'openapi.json'), JSON.stringify(document))
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
    await copyFile(program, join(folder, 'program.ts'))
    const tool = { cwd: folder }
    const { entry, args: generatorArgs } = generators[generator]
    const [module, ...rest] = entry
    const cli = join(createRequire(join(tools, 'package.json')).resolve(module), ...rest)
    await run(process.execPath, [cli, ...generatorArgs], tool)
    const errors = await compileTypeScript(folder)
    if (errors !== '') return { errors, output: null }
    const { stdout } = await run(process.execPath, ['program.js', ...args], tool)
    return { errors, output: JSON.parse(stdout) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Runs the TypeScript compiler in a folder. @returns what it says; nothing when it finds no error */
export async function compileTypeScript(folder: string, args: readonly string[] = ['-p', '.']): Promise<string> {
  const compiler = join(createRequire(import.meta.url).resolve('typescript/package.json'), '..', 'bin', 'tsc')
  const { stdout, stderr } = await run(process.execPath, [compiler, ...args], { cwd: folder }).catch(error => error)
  return `${stdout}${stderr}`
}
