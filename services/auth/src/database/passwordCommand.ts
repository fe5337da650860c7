/** Reads the database password from a command, for passwords and IAM tokens that expire. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { systemClock } from '@gatehouse/clock'

export interface PasswordReader {
  /** @throws Error when the command fails, or prints nothing */
  read: () => Promise<string>
  /** PostgreSQL has refused the password: the next connection runs the command again. */
  forget: () => void
}

const timeoutMs = 5000
const maxBytes = 65_536
/** Connections that open together share one run. IAM tokens are valid for minutes. */
const keepMs = 30_000

/** @param command run by the shell; its standard output without the line end is the password */
export function createPasswordReader(command: string): PasswordReader {
  let known: { password: Promise<string>; atMs: number } | undefined
  const run = async () => {
    const options = { timeout: timeoutMs, maxBuffer: maxBytes }
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], options).catch(error => {
      // The message of `execFile` contains what the command printed.
      throw new Error(`DATABASE_PASSWORD_COMMAND failed with ${error.code ?? error.signal}`)
    })
    const password = stdout.replace(/\r?\n$/, '')
    if (password === '') throw new Error('DATABASE_PASSWORD_COMMAND printed nothing')
    return password
  }
  const forget = () => {
    known = undefined
  }
  const read = () => {
    if (known !== undefined && systemClock.nowMs() - known.atMs < keepMs) return known.password
    const password = run()
    known = { password, atMs: systemClock.nowMs() }
    password.catch(forget)
    return password
  }
  return { read, forget }
}
