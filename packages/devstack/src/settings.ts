/** What can be set of the local stack, besides the variables of the services themselves. */
import { integer, optional, type Table, text, type Values } from '@gatehouse/settings'

const port = { min: 0, max: 65535 }
const email = { pattern: /^[^\s@]+@[^\s@]+$/, wants: 'an e-mail address' }
const password = { isSecret: true as const, why: 'Random when not set, and printed once.' }

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
    why: 'Nobody needs to know it.',
  }),
  DATABASE_URL: optional(
    text({
      about: 'A PostgreSQL to use instead of the embedded one',
      isSecret: true,
      pattern: /^postgres(ql)?:\/\//,
      wants: 'a postgresql:// URL',
      why: 'The embedded one keeps its data in GATEHOUSE_DATA.',
    }),
  ),
  ADMIN_EMAIL: text({
    ...email,
    about: 'The first admin',
    fallback: 'admin@example.org',
    why: 'An address that reaches nobody.',
  }),
  ADMIN_PASSWORD: optional(text({ ...password, about: 'The password of the first admin' })),
  PERSON_EMAIL: text({
    ...email,
    about: 'An ordinary person',
    fallback: 'ada@example.org',
    why: 'An address that reaches nobody.',
  }),
  PERSON_PASSWORD: optional(text({ ...password, about: 'The password of that person' })),
} satisfies Table

export type StackSettings = Values<typeof stackSettings>
