/** The page that `npx pnpm start` prints when the stack is ready. */
import { resolve } from 'node:path'
import { credentialsFile, type Login } from './secrets.ts'
import { stackSettings } from './settings.ts'
import type { PasswordState, Stack } from './stack.ts'

export function welcome(stack: Stack, { seconds, dataDir }: { seconds: number; dataDir: string }): string {
  const { authUrl, resourceUrl, admin, user, passwords } = stack
  // The first address is the one to open in a browser.
  const addresses = [
    ['console', `${authUrl}/console`],
    ['my account', `${authUrl}/account`],
    ['API documentation', `${authUrl}/docs`],
    ['auth service', authUrl],
    ['resource service', resourceUrl],
  ] as const
  const loginLine = (login: Login, state: PasswordState, variable: string) => {
    const passwordTexts = {
      new: login.password,
      known: `(password: see ${dataDir}/credentials.json)`,
      wrong: `(exists with another password: set ${variable} to it)`,
    }
    return `${login.email}  ${passwordTexts[state]}`
  }
  const variable = dataDir === stackSettings.GATEHOUSE_DATA.fallback ? '' : `GATEHOUSE_DATA=${quote(dataDir)} `
  return `
Gatehouse is ready after ${seconds.toFixed(1)} s. Ctrl-C stops it.

${addresses.map(([name, url]) => `  ${name.padEnd(18)}${url}`).join('\n')}
  ${'admin'.padEnd(18)}${loginLine(admin, passwords.admin, 'ADMIN_PASSWORD')}
  ${'user'.padEnd(18)}${loginLine(user, passwords.user, 'USER_PASSWORD')}

Paste into another terminal (${variable}npx -y pnpm@12 tour runs all of it and more):

${tourToPaste(stack, resolve(credentialsFile(dataDir)))}
`
}

/** Shell commands without passwords: they are read from the file, so that every start prints the same. */
function tourToPaste({ authUrl, resourceUrl }: Stack, file: string): string {
  return `  A=${authUrl} R=${resourceUrl} J='content-type: application/json' F=${quote(file)}
  login() { node -p "JSON.stringify(JSON.parse(require('fs').readFileSync('$F')).$1)"; }
  call() { curl -si -w '\\n\\n' "$@"; }
  token() { sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/'; }

  # log in, then call the resource service
  T=$(curl -s $A/session -H "$J" -c jar -d "$(login user)" | token)
  call $R/storage -H "authorization: Bearer $T"              # 200: any valid token
  call $R/storage                                            # 401 token-missing
  call $R/storage/restricted -H "authorization: Bearer $T"   # 403 insufficient-scope

  # renew: the refresh cookie is replaced by its successor
  T=$(curl -s $A/session/renew -X POST -b jar -c jar | token)

  # disable the account as admin; when the call returns, it is in force
  ID=$(curl -s $A/me -H "authorization: Bearer $T" | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
  B=$(curl -s $A/session -H "$J" -d "$(login admin)" | token)
  call $A/admin/users/$ID/disable -X POST -H "authorization: Bearer $B"
  call $R/storage -H "authorization: Bearer $T"              # 403 account-disabled
  call $A/session/renew -X POST -b jar                       # 401 session-ended
  call $A/admin/users/$ID/enable -X POST -H "authorization: Bearer $B"`
}

/** For a POSIX shell. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
