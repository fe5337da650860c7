/**
 * `node packages/client/compare/run.mjs [persons]`: this client beside supabase auth-js and keycloak-js, on the same faults.
 *
 * The others are installed into a temporary folder when this runs. Each speaks to a fake of its own server: a rotating refresh
 * token with reuse detection, as both servers offer it. Three tabs share one session where the client supports that.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { createClock, installDate } from './clock.mjs'
import { gatehouse } from './gatehouse.mjs'
import { keycloak } from './keycloak.mjs'
import { seeded } from './random.mjs'
import { supabase } from './supabase.mjs'

const persons = Number(process.argv[2] ?? 100)
const expiries = 6
/** What may happen to a renewal; each with this probability. */
const faults = { 'lost before': 0.1, 'lost after': 0.1, 502: 0.05, 500: 0.05, 429: 0.05 }

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-compare-'))
writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }')
const npm = join(dirname(process.execPath), 'npm')
const packages = ['@supabase/auth-js@2', 'keycloak-js@26']
execFileSync(npm, ['install', '--no-audit', '--no-fund', '--silent', ...packages], {
  cwd: folder,
  stdio: ['ignore', 2, 2],
})

// Two of them reject promises that nothing awaits, and log each fault.
process.on('unhandledRejection', () => {})
console.error = () => {}
console.warn = () => {}

const clock = createClock()
installDate(clock)
const rows = []
try {
  for (const make of [gatehouse, supabase, keycloak]) {
    const kind = await make({ folder, clock })
    const size = await sizeOf(kind.entry)
    const total = { signedOut: 0, renewals: 0, requests: 0, failed: 0 }
    for (let seed = 1; seed <= persons; seed += 1) {
      const result = await person(kind, seeded(seed))
      for (const key of Object.keys(total)) total[key] += result[key]
    }
    rows.push({ name: kind.name, size, ...total })
  }
} finally {
  rmSync(folder, { recursive: true })
}

console.log('| client | gzip, kB | sessions | false sign-outs | renewals sent | requests served | requests failed |')
console.log('| --- | --- | --- | --- | --- | --- | --- |')
for (const { name, size, signedOut, renewals, requests, failed } of rows) {
  console.log(
    `| ${name} | ${(size / 1000).toFixed(1)} | ${persons} | ${signedOut} | ${renewals} | ${requests} | ${failed} |`,
  )
}
process.exit()

/** One session: at each expiry every tab makes a request; in between the device sleeps longer than any reuse interval. */
async function person(kind, random) {
  const result = { signedOut: 0, renewals: 0, requests: 0, failed: 0 }
  const draw = () => {
    result.renewals += 1
    let left = random()
    for (const [name, probability] of Object.entries(faults)) {
      left -= probability
      if (left < 0) return name
    }
    return 'passed'
  }
  const session = await kind.start(draw)
  for (let expiry = 0; expiry < expiries && result.signedOut === 0; expiry += 1) {
    clock.advance(3600_000)
    if (random() < 0.5) await session.reload(Math.floor(random() * 3))
    const answers = await Promise.all(session.tabs.map(tab => tab.request()))
    for (const answer of answers) {
      if (answer === 'served') result.requests += 1
      else if (answer === 'signed out') result.signedOut = 1
      else result.failed += 1
    }
  }
  session.close()
  return result
}

async function sizeOf(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
    write: false,
  })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}
