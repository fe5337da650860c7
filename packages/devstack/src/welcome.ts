/** What a newcomer reads when the stack is up. */
import type { Login } from './secrets.ts'
import type { Stack, Standing } from './stack.ts'

export function welcome(stack: Stack, { seconds, dataDir }: { seconds: number; dataDir: string }): string {
  const { authUrl, resourceUrl, admin, person, passwords } = stack
  const shown = (login: Login, standing: Standing, variable: string) => {
    const ways = {
      new: login.password,
      known: `(password: see ${dataDir}/credentials.json)`,
      wrong: `(was there before, with another password: set ${variable} to it)`,
    }
    return `${login.email}  ${ways[standing]}`
  }
  const pasted = ({ password }: Login, standing: Standing) => (standing === 'new' ? password : '...')
  return `
Gatehouse is up after ${seconds.toFixed(1)} s. Ctrl-C takes it down.

  auth service      ${authUrl}   (to read: ${authUrl}/docs)
  resource service  ${resourceUrl}
  admin             ${shown(admin, passwords.admin, 'ADMIN_PASSWORD')}
  ordinary person   ${shown(person, passwords.person, 'PERSON_PASSWORD')}

Copy and paste, in another terminal (or see it all: npx pnpm tour):

  A=${authUrl} R=${resourceUrl}
  json='content-type: application/json'
  token() { sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/'; }

  # log in, call the resource, and be told what is missing
  T=$(curl -s $A/session -H "$json" -c jar -d '{"email":"${person.email}","password":"${pasted(person, passwords.person)}"}' | token)
  curl -i $R/storage -H "authorization: Bearer $T"              # 200: a badge is enough
  curl -i $R/storage                                            # 401 token-missing: no badge, no entry
  curl -i $R/storage/restricted -H "authorization: Bearer $T"   # 403 insufficient-scope: badge, but no clearance

  # renew: the cookie goes in, its successor comes back
  T=$(curl -s $A/session/renew -X POST -b jar -c jar | token)

  # the admin disables the account; when the call returns, it is in force
  ID=$(curl -s $A/me -H "authorization: Bearer $T" | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
  B=$(curl -s $A/session -H "$json" -d '{"email":"${admin.email}","password":"${pasted(admin, passwords.admin)}"}' | token)
  curl -s $A/admin/users/$ID/disable -X POST -H "authorization: Bearer $B"
  curl -i $R/storage -H "authorization: Bearer $T"              # 403 account-disabled
  curl -i $A/session/renew -X POST -b jar                       # 401 session-ended: log in
  curl -s $A/admin/users/$ID/enable -X POST -H "authorization: Bearer $B"
`
}
