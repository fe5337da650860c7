/** The variables of the local stack, besides those of the services. */
import { databaseUrl, integer, oneOf, optional, type Table, text, url, type Values } from '@gatehouse/settings'

const ports = [0, 65_535] as const
const email = { pattern: /^[^\s@]+@[^\s@]+$/, wants: 'an e-mail address' }
const password = { isSecret: true as const, why: 'Random if not set, and printed once.' }

export const stackSettings = {
  GATEHOUSE_DATA: text({
    about: 'Folder for data, keys and logs',
    fallback: '.gatehouse',
    why: 'Two stacks side by side need two folders.',
  }),
  AUTH_PORT: integer(3000, ports, { about: 'Port of the auth service', why: 'The examples use 3000.' }),
  RESOURCE_PORT: integer(4000, ports, { about: 'Port of the resource service', why: 'The examples use 4000.' }),
  POSTGRES_PORT: integer(0, ports, {
    about: 'Port of the embedded PostgreSQL; 0 takes a free one',
    why: 'Clients connect to the services only.',
  }),
  DATABASE_URL: optional(
    databaseUrl({
      about: 'PostgreSQL to use instead of the embedded server',
      why: 'The embedded server keeps its data in GATEHOUSE_DATA.',
    }),
  ),
  HOST: oneOf({
    about: 'Address that both services listen on',
    fallback: '127.0.0.1',
    choices: ['127.0.0.1', '0.0.0.0', '::1', '::'],
    why: 'The others are reachable from other hosts, with the passwords of this stack.',
  }),
  ISSUER: optional(
    url({
      about: 'Public URL of the auth service, if clients use another than http://localhost and AUTH_PORT',
      why: 'Tokens and guards must name the same issuer.',
    }),
  ),
  LOG_LEVEL: oneOf({
    about: 'Log level of both services',
    fallback: 'info',
    choices: ['info', 'debug'],
    why: 'The start waits for a line of the level info.',
  }),
  ADMIN_EMAIL: text({
    ...email,
    about: 'E-mail address of the first admin',
    fallback: 'admin@example.org',
    why: 'example.org receives no mail.',
  }),
  ADMIN_PASSWORD: optional(text({ ...password, about: 'Password of the first admin' })),
  USER_EMAIL: text({
    ...email,
    about: 'E-mail address of a user without rights',
    fallback: 'ada@example.org',
    why: 'example.org receives no mail.',
  }),
  USER_PASSWORD: optional(text({ ...password, about: 'Password of that user' })),
} satisfies Table

export type StackSettings = Values<typeof stackSettings>
