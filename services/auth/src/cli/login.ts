/** `gatehouse login`, `logout`, `whoami`: the saved log-in. */
import { hostname } from 'node:os'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import type { SessionTokens } from '@gatehouse/contract'
import { problemOf, send } from './api.ts'
import { requireOption } from './args.ts'
import type { Command, CommandContext, Result } from './command.ts'
import { type CredentialsFile, newIdempotencyKey } from './credentialsFile.ts'
import { card } from './table.ts'

export function loginCommands(
  credentialsFile: CredentialsFile,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, Command> {
  return {
    login: { usage: '--url URL --email E', description: 'asks for the password, or takes PASSWORD', run },
    logout: { usage: '', description: 'ends the session and forgets it', run: () => logout(credentialsFile) },
    whoami: { usage: '', description: 'who is logged in, and where', run: run => whoAmI(credentialsFile, run) },
  }

  async function run({ options }: CommandContext): Promise<Result> {
    const { NEW_PASSWORD: newPassword } = environment
    const url = requireOption(options.url ?? environment['GATEHOUSE_URL'], '--url').replace(/\/+$/, '')
    const email = requireOption(options.email, '--email')
    const password = environment['PASSWORD'] ?? (await askSecretly(`Password of ${email}: `))
    const body = {
      email,
      password,
      ...(newPassword === undefined ? {} : { newPassword }),
      transport: 'body',
      device: `gatehouse on ${hostname()}`.slice(0, 100),
    }
    const response = await send(`${url}/session`, { method: 'POST', body })
    if (!response.ok) throw await problemOf(response)
    const { accessToken, refreshToken = '' } = (await response.json()) as SessionTokens
    await credentialsFile.write({ url, email, accessToken, refreshToken, idempotencyKey: newIdempotencyKey() })
    return { data: { url, email }, text: `Logged in at ${url} as ${email}.` }
  }
}

/** The session is ended there first; should that fail, the log-in stays, so that it can be tried again. */
async function logout(credentialsFile: CredentialsFile): Promise<Result> {
  const login = await credentialsFile.read()
  if (login === undefined) return { data: { loggedOut: false }, text: 'Nobody was logged in.' }
  const body = { refreshToken: login.refreshToken }
  const response = await send(`${login.url}/session`, { method: 'DELETE', body })
  if (!response.ok) throw await problemOf(response)
  await credentialsFile.forget()
  return { data: { loggedOut: true }, text: 'Logged out.' }
}

async function whoAmI(credentialsFile: CredentialsFile, { api }: CommandContext): Promise<Result> {
  const { body } = await api.call<Record<string, unknown>>('/me')
  const url = (await credentialsFile.read())?.url
  return { data: { ...body, url }, text: card({ ...body, url }) }
}

/** What is typed is not shown. */
function askSecretly(question: string): Promise<string> {
  process.stderr.write(question)
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: process.stdin, output: silence, terminal: process.stdin.isTTY })
  return new Promise(resolve => {
    reader.once('line', line => {
      reader.close()
      process.stderr.write('\n')
      resolve(line)
    })
    reader.once('close', () => resolve(''))
  })
}
