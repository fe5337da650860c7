/** `gatehouse login | logout | whoami`. */
import { hostname } from 'node:os'
import { systemClock } from '@gatehouse/clock'
import type { SessionTokens } from '@gatehouse/contract'
import { problemOf, send } from './api.ts'
import type { CommandContext, CommandTable, Result } from './command.ts'
import { type CredentialsFile, newIdempotencyKey, type SavedLogin } from './credentialsFile.ts'
import { logInByDevice } from './deviceLogin.ts'
import { requireOption, UsageError } from './options.ts'
import { askSecretly } from './prompts.ts'
import { card } from './table.ts'

export function loginCommands(
  credentialsFile: CredentialsFile,
  environment: Readonly<Record<string, string | undefined>>,
): CommandTable {
  return {
    login: {
      description: 'log in and save the session; the password is PASSWORD, or is read from the terminal',
      options: ['url', 'email', 'byDevice'],
      run: context => (context.options.byDevice ? runByDevice(context) : run(context)),
    },
    logout: { description: 'end the saved session', run: () => logout(credentialsFile) },
    whoami: { description: 'show the logged-in account', run: context => whoAmI(credentialsFile, context) },
  }

  function urlOf({ url }: CommandContext['options']): string {
    return requireOption(url ?? environment['GATEHOUSE_URL'], '--url').replace(/\/+$/, '')
  }

  async function runByDevice({ options, reportProgress }: CommandContext): Promise<Result> {
    if (options.email !== undefined) throw new UsageError('--email and --device exclude each other')
    const url = urlOf(options)
    reportProgress('waiting for the approval')
    const show = (text: string) => process.stderr.write(`${text}\n`)
    const { access_token: accessToken, refresh_token: refreshToken } = await logInByDevice({
      url,
      clock: systemClock,
      show,
    })
    const me = await send(`${url}/me`, { headers: { authorization: `Bearer ${accessToken}` } })
    if (!me.ok) throw await problemOf(me)
    const { email } = (await me.json()) as { email: string }
    return save({ url, email, accessToken, refreshToken })
  }

  async function save(login: Omit<SavedLogin, 'idempotencyKey'>): Promise<Result> {
    const { url, email } = login
    await credentialsFile.write({ ...login, idempotencyKey: newIdempotencyKey() })
    return { data: { url, email }, text: `Logged in at ${url} as ${email}.` }
  }

  async function run({ options }: CommandContext): Promise<Result> {
    const { NEW_PASSWORD: newPassword } = environment
    const url = urlOf(options)
    const email = requireOption(options.email, '--email')
    const password = environment['PASSWORD'] ?? (await askSecretly(`Password of ${email}: `))
    if (password === '') throw new UsageError('the password is empty: type it, or set PASSWORD')
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
    return save({ url, email, accessToken, refreshToken })
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
