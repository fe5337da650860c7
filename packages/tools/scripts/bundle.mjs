#!/usr/bin/env node
/**
 * Bundles each service into a few files instead of a thousand modules, which halves its start-up
 * time. Arguments name the services to bundle; bundles that are up to date are kept.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')

/**
 * Entry points in `dist/src`, worker threads included. External are packages with native code or
 * data files.
 */
const services = {
  auth: {
    entries: { main: 'main.js', gatehouse: 'cli/main.js', hashWorker: 'passwords/hashWorker.js' },
    external: ['@node-rs/argon2', '@gatehouse/schema-engine', 'piscina'],
  },
  resource: { entries: { main: 'main.js' }, external: [] },
}

/** CommonJS libraries load Node's built-in modules by `require`. */
const banner = `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`

/**
 * Node 20 has no `navigator`. Without it, `pg` creates a Response to detect Cloudflare Workers,
 * for which Node loads all of `fetch`.
 */
const define = { navigator: JSON.stringify({ userAgent: 'Node.js' }) }

async function bundleOne(name) {
  const { build } = await import('esbuild')
  const { entries, external } = services[name]
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.entries(entries).map(([out, file]) => ({ in: `services/${name}/dist/src/${file}`, out })),
    outdir: folderOf(name),
    bundle: true,
    // Dynamic imports stay in separate files.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external,
    banner: { js: banner },
    define,
    // A quarter less to read at start-up; names stay, and source maps give the lines.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    write: false,
    logLevel: 'warning',
  })
  mkdirSync(folderOf(name), { recursive: true })
  for (const { path, contents } of outputFiles) replace(path, Buffer.from(contents))
  const current = new Set(outputFiles.map(({ path }) => basename(path)))
  const old = readdirSync(folderOf(name)).filter(file => /\.(js|map)$/.test(file) && !current.has(file))
  for (const file of old) rmSync(join(folderOf(name), file))
  replace(listOf(name), Buffer.from(JSON.stringify(Object.keys(metafile.inputs))))
}

/** Replaces the file atomically, because a service may be starting from it. */
function replace(path, contents) {
  const next = `${path}.${process.pid}`
  const isProgram = contents.slice(0, 2).toString() === '#!'
  writeFileSync(next, contents, { mode: isProgram ? 0o755 : 0o644 })
  renameSync(next, path)
}

function isStale(name) {
  if (!existsSync(listOf(name))) return true
  const madeMs = statSync(listOf(name)).mtimeMs
  const inputs = [fileURLToPath(import.meta.url), ...JSON.parse(readFileSync(listOf(name), 'utf8'))]
  return inputs.some(input => {
    const path = resolve(root, input)
    return !existsSync(path) || statSync(path).mtimeMs > madeMs
  })
}

function folderOf(name) {
  return join(root, 'services', name, 'dist', 'bundle')
}

/** Path of the list of the bundle's inputs. */
function listOf(name) {
  return `${folderOf(name)}.json`
}

const named = process.argv.slice(2)
const wanted = named.length === 0 ? Object.keys(services) : named
if (!wanted.every(name => Object.hasOwn(services, name))) {
  console.error(`Services: ${Object.keys(services).join(', ')}`)
  process.exit(2)
}
await Promise.all(wanted.filter(isStale).map(bundleOne))
