/** The commands that need the database alone; they themselves are loaded when one is typed, since they load half the service. */

export const databaseUsage = {
  migrate: 'migrate                                apply the migrations that are missing',
  'create-admin': 'create-admin --email E                 the first admin; the password as for create-account',
  'create-account': `create-account --email E [--role R]... [--scope S]...
                                         the password comes from PASSWORD, or a random one is printed`,
  'create-client': `create-client --id ID [--name N] --scope S...
                                         the secret comes from CLIENT_SECRET or CLIENT_SECRET_FILE, or a random one is printed`,
  doctor:
    'doctor                                 says what is wrong with configuration, keys, clock, database, migrations',
} as const

/** Without the doctor, who can do without a database too. */
export type DatabaseCommandName = Exclude<keyof typeof databaseUsage, 'doctor'>

export function needsDatabase(noun: string): noun is keyof typeof databaseUsage {
  return Object.hasOwn(databaseUsage, noun)
}
