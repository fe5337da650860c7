/** The variables of the local stack, besides those of the services. */
import { integer, optional, type Table, text, type Values } from '@gatehouse/settings'

const port = { min: 0, max: 65535 }
const email = { pattern: /^[^\s@]+@[^\s@]+$/, wants: 'an e-mail address' }
const password = { isSecret: true as const, why: 'Random if not set, and printed once.' }

export const stackSettings = {
  GATEHOUSE_DATA: text({
    about: 'Folder for data, keys and logs',
    fallback: '.gatehouse',
    why: 'Two stacks side by side need two folders.',
  }),
  AUTH_PORT: integer({
    ...port,
    about: 'Port of the auth service',
    fallback: '3000',
    why: 'The port that the examples use.',
  }),
  RESOURCE_PORT: integer({
    ...port,
    about: 'Port of the resource service',
    fallback: '4000',
    why: 'The port that the examples use.',
  }),
  POSTGRES_PORT: integer({
    ...port,
    about: 'Port of the embedded PostgreSQL; 0 takes a free one',
    fallback: '0',
    why: 'Clients connect to the services only.',
  }),
  DATABASE_URL: optional(
    text({
      about: 'PostgreSQL to use instead of the embedded server',
      isSecret: true,
      pattern: /^postgres(ql)?:\/\//,
      wants: 'a postgresql:// URL',
      why: 'The embedded server keeps its data in GATEHOUSE_DATA.',
    }),
  ),
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
