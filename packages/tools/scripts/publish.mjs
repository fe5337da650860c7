#!/usr/bin/env node
/**
 * `npx -p npm@11 node publish.mjs TAG [FOLDER]`: publishes the tarballs of `pnpm run packages`, each after those that
 * it depends on. A version that the registry has is left out, so a run that failed can be repeated.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'

const [tag, folder = 'tarballs'] = process.argv.slice(2)
const npm = (...args) => spawnSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 2] })

// An absolute path: npm takes `tarballs/x.tgz` for the repository `x.tgz` of the GitHub user `tarballs`.
const tarballs = readdirSync(folder).filter(file => file.endsWith('.tgz'))
const packages = new Map(tarballs.map(file => manifestOf(resolve(folder, file))).map(entry => [entry.name, entry]))

for (const { name, version } of packages.values())
  if (tag !== `v${version}`) throw new Error(`the tag is ${tag}, and the version of ${name} is ${version}`)
for (const name of packages.keys()) publish(name)

function manifestOf(file) {
  return { ...JSON.parse(execFileSync('tar', ['-xzOf', file, 'package/package.json'], { encoding: 'utf8' })), file }
}

function publish(name) {
  const entry = packages.get(name)
  if (entry === undefined || !packages.delete(name)) return
  const { file, version, dependencies = {} } = entry
  for (const dependency of Object.keys(dependencies)) publish(dependency)
  if (isPublished(name, version)) return console.log(`${name} ${version} is published already`)
  // npm demands a tag for a prerelease, and `latest` is what users install.
  const { status } = npm('publish', '--access', 'public', '--tag', version.includes('-') ? 'next' : 'latest', file)
  if (status !== 0) throw new Error(`npm did not publish ${name}`)
  console.log(`${name} ${version}`)
}

/** @throws {Error} when the registry gives another answer than the version, or 404 */
function isPublished(name, version) {
  const { status, stdout } = npm('view', '--silent', `${name}@${version}`, 'version', '--json')
  const { error } = status === 0 ? {} : JSON.parse(stdout || '{}')
  if (status !== 0 && error?.code !== 'E404') throw new Error(`npm did not look up ${name}: ${error?.summary}`)
  return status === 0 && stdout.trim() !== ''
}
