/**
 * The commands that need the database alone, without their implementation, so that help loads no
 * database module.
 */
import type { Options } from './options.ts'

export interface DatabaseCommandSpec {
  description: string
  options?: readonly (keyof Options)[]
}

export const databaseCommandSpecs = {
  migrate: { description: 'apply the missing migrations' },
  'create-admin': {
    description: 'create an account with the role admin; the password is as for create-account',
    options: ['email', 'role', 'scope'],
  },
  'create-account': {
    description: 'create an account; the password is PASSWORD, or a random one that is printed',
    options: ['email', 'role', 'scope'],
  },
  'create-client': {
    description:
      'create a service client if the id is free; the secret is CLIENT_SECRET, or a random one that is printed',
    options: ['id', 'name', 'scope', 'replaceSecret'],
  },
  backup: { description: 'write accounts, service clients and the audit log to the standard output' },
  restore: {
    description: 'read a backup from the standard input into an empty, migrated database, then do after-restore',
    options: ['confirm', 'reason'],
  },
  'after-restore': {
    description: 'after a restore from a backup: end every session and give the feed a new identity',
    options: ['confirm', 'reason'],
  },
  'activate-key': {
    description: 'sign with this key at once, when no replica holds the private key of the active one',
    options: ['id', 'reason'],
  },
  doctor: {
    description: 'check the configuration of the auth service, keys, replicas, clock, database and migrations',
    options: ['url', 'profile'],
  },
} as const satisfies Record<string, DatabaseCommandSpec>

export type DatabaseCommandName = Exclude<keyof typeof databaseCommandSpecs, 'doctor' | 'backup'>
