/** The machine and the versions that figures belong to. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, platform, release, totalmem } from 'node:os'

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

/** @param more what only a running server can tell, such as its own version */
export function versions(more: Readonly<Record<string, string>>): Record<string, string> {
  return {
    node: process.versions.node,
    fastify: versionOf('fastify'),
    '@fastify/jwt': versionOf('@fastify/jwt'),
    'express-oauth2-jwt-bearer': versionOf('express-oauth2-jwt-bearer'),
    'oidc-provider': versionOf('oidc-provider'),
    'better-auth': versionOf('better-auth'),
    ...more,
  }
}

/** Read beside the module: packages need not export their manifest. */
function versionOf(name: string): string {
  const [folder = ''] =
    createRequire(import.meta.url)
      .resolve.paths(name)
      ?.filter(path => isThere(path, name)) ?? []
  const { version }: { version: string } = JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8'))
  return version
}

function isThere(folder: string, name: string): boolean {
  try {
    return readFileSync(`${folder}/${name}/package.json`).length > 0
  } catch {
    return false
  }
}
