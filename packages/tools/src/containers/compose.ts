/** Reads the compose file. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export interface ComposeService {
  image: string
  build?: { dockerfile: string }
  user?: string
  command?: string[]
  environment?: Record<string, string>
  secrets?: string[]
  ports?: string[]
  volumes?: string[]
  networks: string[]
  profiles?: string[]
  container_name?: string
  restart: string
  read_only: boolean
  cap_drop: string[]
  security_opt: string[]
  logging: { options: Record<string, string> }
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test?: string[]; disable?: boolean }
  deploy: { replicas?: number; resources: { limits: Record<string, string | number> } }
}

export interface Compose {
  services: Record<string, ComposeService>
  networks: Record<string, { internal?: boolean } | null>
  secrets: Record<string, { file: string }>
}

export function readCompose(): Compose {
  return parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as Compose
}

/** Replaces `${NAME:-default}` by its default. */
export function withDefaults(text: string): string {
  return String(text).replace(/\$\{\w+:-([^}]*)\}/g, '$1')
}
