/** `gatehouse login | logout | whoami`. */
import { hostname } from 'node:os'
import type { SessionTokens } from '@gatehouse/contract'
import { problemOf, send } from './api.ts'
import { askSecretly } from './askSecretly.ts'
import type { CommandContext, CommandTable, Result } from './command.ts'
import { type CredentialsFile, newIdempotencyKey } from './credentialsFile.ts'
import { requireOption } from './options.ts'
import { card } from './table.ts'

export function loginCommands(
  credentialsFile: CredentialsFile,
  environment: Readonly<Record<string, string | undefined>>,
): CommandTable {
  return {
    login: {
      description: 'log in and save the session; the password is PASSWORD, or is read from the terminal',
      options: ['url', 'email'],
      run,
    },
    logout: { description: 'end the saved session', run: () => logout(credentialsFile) },
    whoami: { description: 'show the logged-in account', run: context => whoAmI(credentialsFile, context) },
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

/**
 * Ends the session at the service first. If that fails, the saved log-in stays, so that it can be
 * repeated.
 */
async function logout(credentialsFile: CredentialsFile): Promise<Result> {
  const login = await credentialsFile.read()
  if (login === undefined) return { data: { loggedOut: false }, text: 'Not logged in.' }
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
