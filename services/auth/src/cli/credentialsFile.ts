/** The file with the saved log-in, which only its owner can read. */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface SavedLogin {
  url: string
  email: string
  accessToken: string
  refreshToken: string
  /**
   * The key of the next renewal. It is kept until the response is saved, so that a repetition is a
   * retry and not reuse.
   */
  idempotencyKey: string
}

export interface CredentialsFile {
  read: () => Promise<SavedLogin | undefined>
  write: (login: SavedLogin) => Promise<void>
  forget: () => Promise<void>
}

/** In `GATEHOUSE_HOME`, or in the configuration folder of the XDG base directory specification. */
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
      // The rename is atomic: a partly written file would lose the refresh token.
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
