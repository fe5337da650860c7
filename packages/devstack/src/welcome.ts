/** The text that `npx pnpm start` prints when the stack is ready. */
import type { Login } from './secrets.ts'
import type { PasswordState, Stack } from './stack.ts'

export function welcome(stack: Stack, { seconds, dataDir }: { seconds: number; dataDir: string }): string {
  const { authUrl, resourceUrl, admin, user, passwords } = stack
  const loginLine = (login: Login, state: PasswordState, variable: string) => {
    const passwordTexts = {
      new: login.password,
      known: `(password: see ${dataDir}/credentials.json)`,
      wrong: `(exists with another password: set ${variable} to it)`,
    }
    return `${login.email}  ${passwordTexts[state]}`
  }
  const passwordToPaste = ({ password }: Login, state: PasswordState) => (state === 'new' ? password : '...')
  return `
Gatehouse is ready after ${seconds.toFixed(1)} s. Ctrl-C stops it.

  auth service      ${authUrl}   (API documentation: ${authUrl}/docs)
  resource service  ${resourceUrl}
  admin             ${loginLine(admin, passwords.admin, 'ADMIN_PASSWORD')}
  user              ${loginLine(user, passwords.user, 'PERSON_PASSWORD')}

Copy into another terminal (npx pnpm tour runs all of it and more):

  A=${authUrl} R=${resourceUrl}
  json='content-type: application/json'
  token() { sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/'; }

  # log in, then call the resource service
  T=$(curl -s $A/session -H "$json" -c jar -d '{"email":"${user.email}","password":"${passwordToPaste(user, passwords.user)}"}' | token)
  curl -i $R/storage -H "authorization: Bearer $T"              # 200: any valid token
  curl -i $R/storage                                            # 401 token-missing
  curl -i $R/storage/restricted -H "authorization: Bearer $T"   # 403 insufficient-scope: storage:restricted is required

  # renew: the refresh cookie is replaced by its successor
  T=$(curl -s $A/session/renew -X POST -b jar -c jar | token)

  # disable the account as admin; when the call returns, it is in force
  ID=$(curl -s $A/me -H "authorization: Bearer $T" | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
  B=$(curl -s $A/session -H "$json" -d '{"email":"${admin.email}","password":"${passwordToPaste(admin, passwords.admin)}"}' | token)
  curl -s $A/admin/users/$ID/disable -X POST -H "authorization: Bearer $B"
  curl -i $R/storage -H "authorization: Bearer $T"              # 403 account-disabled
  curl -i $A/session/renew -X POST -b jar                       # 401 session-ended
  curl -s $A/admin/users/$ID/enable -X POST -H "authorization: Bearer $B"
`
}
