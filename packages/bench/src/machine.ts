/** The machine and the versions that figures belong to. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, platform, release, totalmem } from 'node:os'
import { root } from './authModules.ts'
import { peersFolder } from './peerProgram.ts'

export interface Machine {
  cpu: string
  cores: number
  memoryGiB: number
  system: string
}

export function machine(): Machine {
  const all = cpus()
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
  }
}

/** @param more versions that only a running server reports, such as PostgreSQL's */
export function versions(more: Readonly<Record<string, string>>): Record<string, string> {
  const { dependencies } = readManifest(`${root}${peersFolder}/package.json`)
  const { pg: _driver, '@better-auth/oauth-provider': _plugin, ...peers } = dependencies
  const workspace = { fastify: versionOf('fastify'), '@fastify/jwt': versionOf('@fastify/jwt') }
  return { node: process.versions.node, ...workspace, ...peers, ...more }
}

/** Finds the manifest by path: a package need not export it. */
function versionOf(name: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? []
  const manifest = folders.map(folder => `${folder}/${name}/package.json`).find(existsSync)
  return manifest === undefined ? 'unknown' : readManifest(manifest).version
}

function readManifest(file: string): { version: string; dependencies: Record<string, string> } {
  return JSON.parse(readFileSync(file, 'utf8'))
}
