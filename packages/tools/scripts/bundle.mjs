#!/usr/bin/env node
/**
 * Bundles each service into a few files instead of a thousand modules, which halves its start-up
 * time, and the web pages for browsers. Arguments name what to bundle; bundles that are up to date
 * are kept.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')

/** Entry points in `dist/src`, workers included. Packages with native code are external. */
const services = {
  auth: {
    entries: { main: 'main.js', gatehouse: 'cli/main.js', hashWorker: 'passwords/hashWorker.js' },
    external: ['@node-rs/argon2', '@gatehouse/schema-engine', 'piscina'],
  },
  resource: { entries: { main: 'main.js' }, external: [] },
}

/** CommonJS libraries load Node's built-in modules by `require`. */
const banner = `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`

/** Node 20 has no `navigator`; without it, `pg` creates a Response, which loads `fetch`. */
const define = { navigator: JSON.stringify({ userAgent: 'Node.js' }) }

/** The pages that the auth service serves, and what the build writes for them. */
const pages = {
  console: { title: 'Gatehouse console', entry: 'admin/main' },
  account: { title: 'My devices', entry: 'account/main' },
  device: { title: 'Connect a device', entry: 'device/main' },
}

async function bundlePages() {
  const { build } = await import('esbuild')
  // It finds gzip encodings that are 3 % smaller than those of zlib, which users download.
  const { default: zopfli } = await import('@gfx/zopfli')
  const source = 'packages/console/src'
  const options = {
    absWorkingDir: root,
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    outdir: folderOf('console'),
    bundle: true,
    // What a page imports when it needs it stays in files of its own.
    splitting: true,
    format: 'esm',
    platform: 'browser',
    // The first versions with `<dialog>`, `light-dark()` and popovers.
    target: ['chrome123', 'firefox125', 'safari17.5'],
    // Its sources, so that the pages do not need its build.
    alias: {
      '@gatehouse/client': './packages/client/src/index.ts',
      '@gatehouse/client/browser': './packages/client/src/browser.ts',
      '@gatehouse/client/events': './packages/client/src/events.ts',
      '@gatehouse/client/reauthenticate': './packages/client/src/reauthenticate.ts',
    },
    // A module of preact-iso names it, for servers.
    external: ['preact-render-to-string'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    // The internal properties of Preact.
    mangleProps: /^__\w?$/,
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
  }
  // One bundle for each page: none contains code of another.
  const entries = [...Object.entries(pages).map(([name, { entry }]) => [name, `${entry}.tsx`]), ['style', 'style.css']]
  const builds = await Promise.all(
    entries.map(([out, file]) => build({ ...options, entryPoints: [{ in: `${source}/${file}`, out }] })),
  )
  const outputFiles = builds.flatMap(result => result.outputFiles)
  const metafile = { inputs: Object.assign({}, ...builds.map(result => result.metafile.inputs)) }
  const filesOf = index => filesAtStart(builds[index].metafile.outputs)
  const [style] = filesOf(entries.length - 1)
  const manifest = {
    pages: Object.fromEntries(
      Object.entries(pages).map(([name, { title }], index) => [name, { title, scripts: filesOf(index), style }]),
    ),
    files: Object.fromEntries(
      outputFiles.map(({ path }) => [basename(path), path.endsWith('.css') ? 'text/css' : 'text/javascript']),
    ),
  }
  const files = outputFiles.map(async ({ path, contents }) => [
    { path, contents: Buffer.from(contents) },
    { path: `${path}.gz`, contents: await zopfli.gzipAsync(contents, { numiterations: 15 }) },
  ])
  const written = (await Promise.all(files)).flat()
  written.push({ path: join(folderOf('console'), 'manifest.json'), contents: Buffer.from(JSON.stringify(manifest)) })
  writeBundle('console', written, metafile)
}

/** The entry point first, then what it imports at once. One that only imports is left out: what it imports comes first. */
function filesAtStart(outputs) {
  const [entry] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint)
  const found = [entry]
  for (const path of found) {
    const imports = outputs[path].imports.filter(({ kind }) => kind === 'import-statement')
    found.push(...imports.map(({ path: file }) => file).filter(file => !found.includes(file)))
  }
  const isEmpty = Object.keys(outputs[entry].inputs).length === 0
  return (isEmpty ? found.slice(1) : found).map(path => basename(path))
}

async function bundleService(name) {
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
  const written = outputFiles.map(({ path, contents }) => ({ path, contents: Buffer.from(contents) }))
  writeBundle(name, written, metafile)
}

/** Writes the files, then removes those of the bundle before, then writes the list of inputs. */
function writeBundle(name, files, metafile) {
  mkdirSync(folderOf(name), { recursive: true })
  for (const { path, contents } of files) replace(path, contents)
  const current = new Set(files.map(({ path }) => basename(path)))
  const old = readdirSync(folderOf(name)).filter(file => /\.(js|css|map|gz)$/.test(file) && !current.has(file))
  for (const file of old) rmSync(join(folderOf(name), file))
  // esbuild lists what `define` adds as `<define:navigator>`, which is no file.
  const inputs = Object.keys(metafile.inputs).filter(input => !input.startsWith('<'))
  replace(listOf(name), Buffer.from(JSON.stringify(inputs)))
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
  if (name === 'console') return join(root, 'packages', 'console', 'dist', 'pages')
  return join(root, 'services', name, 'dist', 'bundle')
}

/** Path of the list of the bundle's inputs. */
function listOf(name) {
  return `${folderOf(name)}.json`
}

const named = process.argv.slice(2)
const bundles = [...Object.keys(services), 'console']
const wanted = named.length === 0 ? bundles : named
if (!wanted.every(name => bundles.includes(name))) {
  console.error(`Bundles: ${bundles.join(', ')}`)
  process.exit(2)
}
await Promise.all(wanted.filter(isStale).map(name => (name === 'console' ? bundlePages() : bundleService(name))))
