/** The page that `gatehouse help` prints, made from the commands themselves. */
import type { CommandTable } from './command.ts'
import { databaseUsage } from './databaseUsage.ts'

export function usageText(api: CommandTable): string {
  const lines = Object.entries(api).map(
    ([name, { usage, description }]) => `  ${`${name} ${usage}`.padEnd(36)} ${description}`,
  )
  return `gatehouse: the auth service's command line.

Through the API, with a log-in that is kept in GATEHOUSE_HOME or ~/.config/gatehouse:
${lines.join('\n')}

With the database alone (DATABASE_URL or DATABASE_URL_FILE), answering with a line of JSON:
${Object.values(databaseUsage)
  .map(usage => `  ${usage}`)
  .join('\n')}

USER is an id or an e-mail address. Everywhere: --json for scripts. Where something is revoked: --reason TEXT,
--wait SECONDS (how long to wait until it is in force), --myself (yes, I mean my own account or session).

Exit codes: 0 done, 1 refused, 2 mistyped or misconfigured, 3 not logged in, 4 done but not yet in force, 5 not available now.`
}
