/** Settings of keys, tokens and the refresh cookie. */
import { type Algorithm, algorithms } from '@gatehouse/contract'
import { integer, oneOf, optional, text } from '@gatehouse/settings'

export const maxAccessTokenSeconds = 3600

/** A ring of symmetric keys, each with an id that takes one byte. */
const keyRing = {
  pattern: /^\s*\d{1,3}:[0-9a-f]{64}(\s*,\s*\d{1,3}:[0-9a-f]{64})*\s*$/,
  wants: 'one or more "id:64 hex digits" separated by commas, with ids from 0 to 255',
}

export const tokenSettings = {
  SIGNING_KEY: optional(
    text({
      about: 'PEM blocks of the keys that sign access tokens; the first signs when the database knows no key yet',
      isSecret: true,
      wants: 'one or more PEM keys',
      why: 'A secret has no default. Without it, keys are created in the database and KEY_ENCRYPTION_KEYS is required.',
    }),
  ),
  KEY_ENCRYPTION_KEYS: optional(
    text({
      about:
        'Keys that encrypt private keys in the database, as `id:64 hex digits`, separated by commas, the active key first',
      isSecret: true,
      ...keyRing,
      why: 'With them `gatehouse keys announce` creates keys that all replicas share. A secret has no default.',
    }),
  ),
  SIGNING_ALGORITHM: oneOf<Algorithm>({
    about: 'Signature algorithm of new keys; must match the first key of SIGNING_KEY',
    fallback: 'ES256',
    choices: algorithms,
    why: 'The smallest signature that common software verifies: HAProxy 2.6 and jsonwebtoken 9 verify no EdDSA.',
  }),
  REFRESH_KEYS: text({
    about: 'Keys of refresh tokens as `id:64 hex digits`, separated by commas, the active key first',
    isSecret: true,
    ...keyRing,
    why: 'A secret has no default.',
  }),
  ACCESS_TOKEN_SECONDS: integer(300, [1, maxAccessTokenSeconds], {
    about: 'Lifetime of an access token',
    why: 'Revocation does not depend on it; it limits what guards must remember.',
  }),
  COOKIE_PATH: text({
    about: 'Path of the refresh cookie, as the browser sees it',
    fallback: '/session',
    pattern: /^\/[\w\-./]*$/,
    wants: 'a path that begins with /',
    why: 'It covers renew and log-out and nothing else; behind a prefix, put the prefix before it.',
  }),
  COOKIE_NAME: text({
    about: 'Name of the refresh cookie',
    fallback: '__Secure-gatehouse',
    pattern: /^__(Secure|Host)-[\w-]{1,60}$/,
    wants: 'a name that begins with __Secure- or __Host-',
    why: 'Browsers then accept the cookie only with the attribute Secure.',
  }),
}
