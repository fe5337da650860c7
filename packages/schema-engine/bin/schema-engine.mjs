#!/usr/bin/env node
/** Replaces Prisma's schema-engine binary: the same JSON-RPC on stdio, answered by the WebAssembly build. */
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { withClient } from '../src/client.mjs'
import { withSchemaEngine } from '../src/index.mjs'

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

/**
 * The commands that the command line runs before it opens a session: `can-connect-to-database`, `create-database`.
 * @param {string | undefined} command
 */
async function runOnce(command) {
  try {
    if (command === 'can-connect-to-database') await withClient(url, client => client.query('SELECT 1'))
    else if (command === 'create-database') await createDatabase(url)
    else throw new Error(`The schema engine does not know the command ${command}.`)
  } catch (error) {
    // The command line skips the first line, then reads JSON.
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
  // A message without a method acknowledges a `print` that this process sent.
  if (request.method === undefined) return
  try {
    const files = values.datamodels.map(async path => ({ path, content: await readFile(path, 'utf8') }))
    // One engine for each request: an engine can open a shadow database only once.
    const options = { url, schemas: await Promise.all(files) }
    const result = await withSchemaEngine(options, engine => answer(engine, request))
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
  // The binary sends the text in a message of its own, and answers with the exit code only.
  if (result.stdout) send({ id: 1, method: 'print', params: { content: result.stdout } })
  return { exitCode: result.exitCode, stdout: null }
}

// The WebAssembly build fails in these two ("shadow DB must be provided through an external factory"); its diff does not.

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

/** Coarser than the binary, which counts rows: every statement that drops or converts data gives a warning. */
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
