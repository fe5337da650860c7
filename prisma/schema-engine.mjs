#!/usr/bin/env node
/** Stands in for Prisma's schema-engine binary: the same JSON-RPC on stdio, answered by the WebAssembly build. */
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  options: {
    datamodels: { type: 'string', multiple: true, default: [] },
    datasource: { type: 'string', default: '{}' },
    'enabled-preview-features': { type: 'string' },
    'extension-types': { type: 'string' },
  },
  allowPositionals: true,
})

const { url } = JSON.parse(values.datasource)

if (positionals[0] === 'cli') await runOnce(positionals[1])
else await serve()

/** What the command line asks before it opens a session: `cli can-connect-to-database`, `cli create-database`. */
async function runOnce(command) {
  try {
    if (command === 'can-connect-to-database') await withClient(url, client => client.query('SELECT 1'))
    else if (command === 'create-database') await createDatabase(url)
    else throw new Error(`The stand-in for the schema engine does not know the command ${command}.`)
  } catch (error) {
    // The command line skips the first line, then wants JSON.
    const code = { '3D000': 'P1003', '28P01': 'P1000', ECONNREFUSED: 'P1001' }[error.code] ?? 'P1011'
    const fields = { error_code: code, message: error.message || String(error) }
    console.error(`\n${JSON.stringify({ level: 'ERROR', target: 'schema_engine::logger', fields })}`)
    process.exitCode = 1
  }
}

async function serve() {
  for await (const line of createInterface({ input: process.stdin })) await reply(JSON.parse(line))
}

async function reply(request) {
  // Without a method it is the receipt for something we had printed.
  if (request.method === undefined) return
  try {
    const { withSchemaEngine } = await store()
    const files = values.datamodels.map(async path => ({ path, content: await readFile(path, 'utf8') }))
    // A new one for each request: it gives its way to a shadow database away with the first use.
    const result = await withSchemaEngine(url, await Promise.all(files), engine => answer(engine, request))
    send({ id: request.id, result })
  } catch (error) {
    const message = error.message || String(error)
    send({ id: request.id, error: { code: 4466, message, data: { is_panic: false, message, error_code: error.code } } })
  }
}

async function answer(engine, { method, params }) {
  if (method === 'getDatabaseVersion') return engine.version()
  if (method === 'createDatabase') return createDatabase(params.datasource.url ?? url)
  if (method === 'createMigration') return createMigration(engine, params)
  if (method === 'evaluateDataLoss') return evaluateDataLoss(engine, params)
  const result = await engine[method](params)
  if (method !== 'diff') return result ?? null
  // The binary has the command line print for it, and answers only with the exit code.
  if (result.stdout) send({ id: 1, method: 'print', params: { content: result.stdout } })
  return { exitCode: result.exitCode, stdout: null }
}

// The WebAssembly build cannot do these two itself ("shadow DB must be provided through an external factory"), but its diff can.

async function createMigration(engine, { migrationName, draft, ...params }) {
  const script = await scriptBetween(engine, params)
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  return {
    connectorType: 'postgresql',
    generatedMigrationName: migrationName ? `${stamp}_${migrationName}` : stamp,
    migrationScript: script === '' && !draft ? null : script,
    extension: 'sql',
  }
}

/** Coarser than the binary, which counts rows: whatever drops or converts data is warned of. */
async function evaluateDataLoss(engine, params) {
  const script = await scriptBetween(engine, params)
  const destructive = /\bDROP (TABLE|COLUMN)\b|\bSET DATA TYPE\b/
  const warnings = script
    .split('\n')
    .filter(line => destructive.test(line))
    .map(line => ({ message: `Data may be lost: ${line.trim()}`, stepIndex: 0 }))
  return { migrationSteps: script === '' ? 0 : 1, unexecutableSteps: [], warnings }
}

async function scriptBetween(engine, { migrationsList, schema, filters }) {
  const from = { tag: 'migrations', ...migrationsList }
  const to = { tag: 'schemaDatamodel', ...schema }
  const { exitCode, stdout } = await engine.diff({ from, to, script: true, exitCode: true, filters })
  return exitCode === 0 ? '' : stdout
}

function send(message) {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
}

async function createDatabase(target) {
  const server = new URL(target)
  const databaseName = decodeURIComponent(server.pathname.slice(1))
  server.pathname = 'postgres'
  await withClient(server.href, client => client.query(`CREATE DATABASE "${databaseName.replaceAll('"', '""')}"`))
  return { databaseName }
}

async function withClient(connectionString, act) {
  const { withClient: withPgClient } = await store()
  return withPgClient(connectionString, act)
}

async function store() {
  const compiled = new URL('../services/auth/dist/src/store/schemaEngine.js', import.meta.url)
  try {
    return await import(compiled.href)
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new Error('Prisma works here through compiled code of services/auth: run `npx pnpm build` first.')
  }
}
