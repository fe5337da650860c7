/** What the command line can do with the database alone. */
import { randomBytes } from 'node:crypto'
import { Refusal } from '@gatehouse/contract'
import { mustBeGoodPassword } from '../login/passwordRules.ts'
import { createPasswords } from '../login/passwords.ts'
import { hashOf } from '../rotate/token.ts'
import { createAccount } from '../store/accounts.ts'
import type { Database } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import { putServiceClient } from '../store/serviceClients.ts'
import { writeAudit } from '../store/writeAudit.ts'

/** The words after the command are wrong: the message says which, and what is wanted. */
export class UsageError extends Error {}

export interface Options {
  email?: string
  id?: string
  name?: string
  role?: string[]
  scope?: string[]
}

type Environment = Readonly<Record<string, string | undefined>>
type Command = (database: Database, options: Options, environment: Environment) => Promise<Record<string, unknown>>

export const commands: Readonly<Record<string, Command>> = {
  migrate: ({ url }) => migrate({ connectionString: url }),

  'create-account': async ({ prisma }, { email, role = [], scope = [] }, { PASSWORD }) => {
    if (email === undefined || !/^[^\s@]+@[^\s@]+$/.test(email))
      throw new UsageError('--email must be an e-mail address')
    const password = PASSWORD ?? randomSecret()
    checkPassword(password, email)
    const passwords = await createPasswords({ threads: 1, queue: 0 })
    const passwordHash = await passwords.hash(password)
    const id = await createAccount(prisma, { email, passwordHash, roles: role, scopes: scope })
    if (id === undefined) return { created: false, email }
    await writeAudit(prisma, {
      ...byCommandLine,
      action: 'user.create',
      target: id,
      detail: { roles: role, scopes: scope },
    })
    return { created: true, id, email, ...(PASSWORD === undefined ? { password } : {}) }
  },

  'create-client': async ({ prisma }, { id, name = id, scope = [] }, { CLIENT_SECRET }) => {
    if (id === undefined || name === undefined || !/^[\w.-]{1,100}$/.test(id))
      throw new UsageError('--id must be letters, digits, dots and dashes')
    if (scope.length === 0) throw new UsageError('--scope must say what the client may do, as "guard"')
    const secret = CLIENT_SECRET ?? randomSecret()
    if (secret.length < 20) throw new UsageError('CLIENT_SECRET must have at least 20 characters')
    await putServiceClient(prisma, { id, name, secretHash: hashOf(secret), scopes: scope })
    await writeAudit(prisma, { ...byCommandLine, action: 'client.create', target: id, detail: { scopes: scope } })
    return { id, ...(CLIENT_SECRET === undefined ? { secret } : {}) }
  },
}

const byCommandLine = { actor: 'command line', reason: null, address: null, requestId: null, outcome: 'done' }

function checkPassword(password: string, email: string): void {
  try {
    mustBeGoodPassword(password, { field: 'PASSWORD', email })
  } catch (error) {
    const [fault] = error instanceof Refusal ? (error.extras.fields ?? []) : []
    throw fault ? new UsageError(`${fault.field} ${fault.reason}`) : error
  }
}

function randomSecret(): string {
  return randomBytes(18).toString('base64url')
}
