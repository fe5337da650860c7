/** The saved log-in: a file that only its owner reads. */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface SavedLogin {
  url: string
  email: string
  accessToken: string
  refreshToken: string
  /** The Idempotency-Key of the renewal that is under way: kept until its answer is, so that a lost answer is no theft. */
  idempotencyKey: string
}

export interface CredentialsFile {
  read: () => Promise<SavedLogin | undefined>
  write: (login: SavedLogin) => Promise<void>
  forget: () => Promise<void>
}

/** In `GATEHOUSE_HOME`, or in the folder where such things belong. */
export function credentialsFileIn(environment: Readonly<Record<string, string | undefined>>): CredentialsFile {
  const { GATEHOUSE_HOME, XDG_CONFIG_HOME } = environment
  const folder = GATEHOUSE_HOME || join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'gatehouse')
  const file = join(folder, 'login.json')
  return {
    read: async () => {
      const text = await readFile(file, 'utf8').catch(() => undefined)
      return text === undefined ? undefined : (JSON.parse(text) as SavedLogin)
    },
    write: async login => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      // Whole or not at all: a token that was rotated and not saved is lost.
      const draft = `${file}.${process.pid}`
      await writeFile(draft, JSON.stringify(login), { mode: 0o600 })
      await rename(draft, file)
    },
    forget: () => rm(file, { force: true }),
  }
}

export function newIdempotencyKey(): string {
  return randomBytes(18).toString('base64url')
}
