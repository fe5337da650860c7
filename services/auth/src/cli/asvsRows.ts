/** OWASP ASVS 5.0, chapters V3, V6 to V11 and V16, as far as they apply. Requirements are shortened. */
import type { AssuranceRow } from './assurance.ts'

export const asvsRows: readonly AssuranceRow[] = [
  {
    ...{ id: '3.2.1', level: 1, verdict: 'met' },
    requirement: 'Responses are not rendered in a wrong context',
    reason: "`nosniff` and `default-src 'none'` on every response",
  },
  {
    ...{ id: '3.3.1', level: 1, verdict: 'met' },
    requirement: 'Cookies are `Secure`, with the prefix `__Secure-` or `__Host-`',
    reason: 'COOKIE_NAME accepts no other name',
  },
  {
    ...{ id: '3.3.2', level: 2, verdict: 'met' },
    requirement: '`SameSite` by the purpose of the cookie',
    reason: '`Strict`',
  },
  {
    ...{ id: '3.3.3', level: 2, verdict: 'partly' },
    requirement: 'Cookies have the prefix `__Host-`',
    reason: 'COOKIE_NAME; the default is bound to the path /session instead',
    check: ({ COOKIE_NAME: name }) =>
      name.startsWith('__Host-')
        ? { verdict: 'met', reason: `COOKIE_NAME is ${name}` }
        : { verdict: 'partly', reason: `COOKIE_NAME is ${name}; __Host- requires COOKIE_PATH=/` },
  },
  {
    ...{ id: '3.3.4', level: 2, verdict: 'met' },
    requirement: 'Session cookies are `HttpOnly` and sent by `Set-Cookie` only',
    reason: 'with `transport: cookie` no body contains the refresh token',
  },
  {
    ...{ id: '3.4.1', level: 1, verdict: 'operator' },
    requirement: 'HSTS for a year, at level 2 with all sub-domains',
    reason: 'HSTS_SECONDS and HSTS_SUBDOMAINS, or the gateway',
    check: ({ HSTS_SECONDS: seconds, HSTS_SUBDOMAINS: isWide }) =>
      seconds >= 31_536_000 && isWide
        ? { verdict: 'met', reason: `HSTS_SECONDS is ${seconds}, with sub-domains` }
        : {
            verdict: 'operator',
            reason: `HSTS_SECONDS is ${seconds}: the gateway must send the header for the whole host`,
          },
  },
  {
    ...{ id: '3.4.2', level: 1, verdict: 'met' },
    requirement: 'CORS allows only listed origins; `*` only for public data',
    reason: 'ALLOWED_ORIGINS; keys and metadata are open',
  },
  {
    ...{ id: '3.4.3', level: 2, verdict: 'partly' },
    requirement: "Content-Security-Policy with `object-src 'none'` and `base-uri 'none'`",
    reason: "`default-src 'none'` covers objects; `base-uri` is not set on responses that are not HTML",
  },
  {
    ...{ id: '3.4.4', level: 2, verdict: 'met' },
    requirement: '`X-Content-Type-Options: nosniff`',
    reason: 'on every response',
  },
  {
    ...{ id: '3.4.5', level: 2, verdict: 'met' },
    requirement: 'Referrer-Policy',
    reason: '`no-referrer` on every response',
  },
  {
    ...{ id: '3.4.6', level: 2, verdict: 'met' },
    requirement: '`frame-ancestors`',
    reason: "`frame-ancestors 'none'` on every response",
  },
  {
    ...{ id: '3.5.1', level: 1, verdict: 'met' },
    requirement: 'Safelisted cross-origin requests are refused',
    reason: 'requests with a cookie need an own or a listed origin (`origin-refused`)',
  },
  {
    ...{ id: '3.5.2', level: 1, verdict: 'met' },
    requirement: 'No safelisted request reaches what CORS protects',
    reason: 'bodies are JSON; forms are accepted by /oauth only, which reads no cookie',
  },
  {
    ...{ id: '3.5.3', level: 1, verdict: 'met' },
    requirement: 'Sensitive functions use unsafe methods',
    reason: 'no GET changes state',
  },
  {
    ...{ id: '3.5.4', level: 2, verdict: 'operator' },
    requirement: 'Separate applications on separate host names',
    reason: 'the gateway of the example serves both services on one host',
  },
  {
    ...{ id: '6.1.1', level: 1, verdict: 'met' },
    requirement: 'Rate limits and lockout are documented',
    reason: 'docs/operations/guessing.md',
  },
  {
    ...{ id: '6.1.2', level: 2, verdict: 'met' },
    requirement: 'Context-specific words for passwords are documented',
    reason: 'the issuer and the e-mail address, docs/operations/guessing.md',
  },
  {
    ...{ id: '6.1.3', level: 2, verdict: 'met' },
    requirement: 'Every way to log in is documented',
    reason: 'POST /session is the only one',
  },
  {
    ...{ id: '6.2.1', level: 1, verdict: 'met' },
    requirement: 'Passwords have 8 characters, better 15',
    reason: 'PASSWORD_MIN_LENGTH',
    check: ({ PASSWORD_MIN_LENGTH: length }) => ({ verdict: 'met', reason: `PASSWORD_MIN_LENGTH is ${length}` }),
  },
  {
    ...{ id: '6.2.2', level: 1, verdict: 'met' },
    requirement: 'Users can change their password',
    reason: 'PUT /me/password',
  },
  {
    ...{ id: '6.2.3', level: 1, verdict: 'met' },
    requirement: 'A change needs the current password',
    reason: '`password-wrong`',
  },
  {
    ...{ id: '6.2.4', level: 1, verdict: 'met' },
    requirement: 'Passwords are compared with the 3,000 most common',
    reason: 'a list of common passwords and an estimate of guesses',
  },
  {
    ...{ id: '6.2.5', level: 1, verdict: 'met' },
    requirement: 'No rules of composition',
    reason: 'length and guessability only',
  },
  {
    ...{ id: '6.2.8', level: 2, verdict: 'partly' },
    requirement: 'The password is verified exactly as received',
    reason: 'it is normalised to NFKC, as NIST SP 800-63B-4 section 3.1.1.2 recommends; not truncated',
  },
  {
    ...{ id: '6.2.9', level: 2, verdict: 'met' },
    requirement: '64 characters are permitted',
    reason: 'up to 512',
  },
  {
    ...{ id: '6.2.10', level: 2, verdict: 'met' },
    requirement: 'No periodic change of passwords',
    reason: 'only initial passwords and reset codes expire',
  },
  {
    ...{ id: '6.2.11', level: 2, verdict: 'met' },
    requirement: 'Context-specific words are refused',
    reason: 'the policy of new passwords',
  },
  {
    ...{ id: '6.2.12', level: 3, verdict: 'partly' },
    requirement: 'Passwords are compared with breached ones',
    reason: 'a list that is shipped; no service is asked',
  },
  {
    ...{ id: '6.3.1', level: 1, verdict: 'met' },
    requirement: 'Guessing is limited',
    reason: 'by account, address, network and device',
  },
  {
    ...{ id: '6.3.2', level: 2, verdict: 'no' },
    requirement: 'Multi-factor authentication',
    reason: 'not built; an identity provider can be put in front',
  },
  {
    ...{ id: '6.3.3', level: 2, verdict: 'met' },
    requirement: 'No undocumented way to authenticate',
    reason: 'a test compares every route with its document',
  },
  {
    ...{ id: '6.3.8', level: 3, verdict: 'met' },
    requirement: 'Valid accounts cannot be deduced',
    reason: 'same answer and same work for unknown addresses',
  },
  {
    ...{ id: '6.4.1', level: 1, verdict: 'met' },
    requirement: 'Initial secrets are random, short-lived and used once',
    reason: 'RESET_CODE_SECONDS',
    check: ({ RESET_CODE_SECONDS: seconds }) => ({ verdict: 'met', reason: `RESET_CODE_SECONDS is ${seconds}` }),
  },
  {
    ...{ id: '6.4.2', level: 1, verdict: 'met' },
    requirement: 'No secret questions',
    reason: 'none',
  },
  {
    ...{ id: '6.4.3', level: 2, verdict: 'met' },
    requirement: 'A safe reset of forgotten passwords',
    reason: 'a one-time code of an administrator',
  },
  {
    ...{ id: '6.4.6', level: 3, verdict: 'met' },
    requirement: 'Administrators cannot choose a password',
    reason: '`gatehouse users reset-code`',
  },
  {
    ...{ id: '7.1.1', level: 2, verdict: 'met' },
    requirement: 'Lifetimes are documented and justified',
    reason: 'docs/operations/lifetimes.md',
  },
  {
    ...{ id: '7.1.2', level: 2, verdict: 'met' },
    requirement: 'The number of sessions per account is documented',
    reason: 'SESSIONS_PER_ACCOUNT; the oldest ends',
  },
  {
    ...{ id: '7.1.3', level: 2, verdict: 'operator' },
    requirement: 'Federated sessions are documented',
    reason: 'there is no federation in this service',
  },
  {
    ...{ id: '7.2.1', level: 1, verdict: 'met' },
    requirement: 'Tokens are verified by a back end',
    reason: 'the guard',
  },
  {
    ...{ id: '7.2.2', level: 1, verdict: 'met' },
    requirement: 'Tokens are dynamic',
    reason: 'signed access tokens, rotating refresh tokens',
  },
  {
    ...{ id: '7.2.3', level: 1, verdict: 'met' },
    requirement: 'Tokens have 128 random bits',
    reason: '256 bits from the CSPRNG of Node',
  },
  {
    ...{ id: '7.2.4', level: 1, verdict: 'met' },
    requirement: 'A new log-in has a new token',
    reason: 'the session of the replaced cookie ends; re-authentication keeps the refresh token',
  },
  {
    ...{ id: '7.3.1', level: 2, verdict: 'met' },
    requirement: 'Inactivity ends a session',
    reason: 'SESSION_IDLE_SECONDS',
    check: ({ SESSION_IDLE_SECONDS: seconds }) => ({ verdict: 'met', reason: `SESSION_IDLE_SECONDS is ${seconds}` }),
  },
  {
    ...{ id: '7.3.2', level: 2, verdict: 'met' },
    requirement: 'A session has an absolute end',
    reason: 'SESSION_SECONDS',
    check: ({ SESSION_SECONDS: seconds }) => ({ verdict: 'met', reason: `SESSION_SECONDS is ${seconds}` }),
  },
  {
    ...{ id: '7.4.1', level: 1, verdict: 'met' },
    requirement: 'Log-out ends the session everywhere',
    reason: 'in force at every guard when the call returns',
  },
  {
    ...{ id: '7.4.2', level: 1, verdict: 'met' },
    requirement: 'Disabling or deleting an account ends its sessions',
    reason: 'in force when the call returns',
  },
  {
    ...{ id: '7.4.3', level: 2, verdict: 'met' },
    requirement: 'A password change can end the other sessions',
    reason: '`endOthers`, by default',
  },
  {
    ...{ id: '7.4.5', level: 2, verdict: 'met' },
    requirement: 'Administrators end sessions of one or all users',
    reason: 'the admin routes and `gatehouse sessions`',
  },
  {
    ...{ id: '7.5.1', level: 2, verdict: 'met' },
    requirement: 'Sensitive changes need a new log-in',
    reason: 'step-up (RFC 9470); the password change needs the current password',
  },
  {
    ...{ id: '7.5.2', level: 2, verdict: 'partly' },
    requirement: 'Users see and end their sessions',
    reason: 'without entering the password again, so that a lost device is ended at once',
  },
  {
    ...{ id: '7.5.3', level: 3, verdict: 'met' },
    requirement: 'Highly sensitive actions need a second verification',
    reason: 'RECENT_LOGIN_SECONDS for admin actions of weight',
  },
  {
    ...{ id: '8.1.1', level: 1, verdict: 'met' },
    requirement: 'Rules of access are documented',
    reason: 'scopes of each route in the OpenAPI document',
  },
  {
    ...{ id: '8.2.1', level: 1, verdict: 'met' },
    requirement: 'Functions need explicit permissions',
    reason: 'a route without a row in the table of permissions stops the start',
  },
  {
    ...{ id: '8.2.2', level: 1, verdict: 'met' },
    requirement: 'Data of others is not reachable',
    reason: 'own routes name no account',
  },
  {
    ...{ id: '8.2.3', level: 2, verdict: 'met' },
    requirement: 'Fields are protected',
    reason: 'unknown fields are refused',
  },
  {
    ...{ id: '8.3.1', level: 1, verdict: 'met' },
    requirement: 'Rules are enforced by the service',
    reason: 'the guard and the admin routes',
  },
  {
    ...{ id: '8.3.2', level: 3, verdict: 'met' },
    requirement: 'Changes of rights apply immediately',
    reason: 'the barrier: in force when the call returns',
  },
  {
    ...{ id: '8.4.1', level: 2, verdict: 'operator' },
    requirement: 'Tenants are separate',
    reason: 'one installation serves one tenant',
  },
  {
    ...{ id: '9.1.1', level: 1, verdict: 'met' },
    requirement: 'Signatures are verified first',
    reason: 'RFC 9068 section 4',
  },
  {
    ...{ id: '9.1.2', level: 1, verdict: 'met' },
    requirement: 'Algorithms are on an allowlist',
    reason: 'ES256, EdDSA, RS256, one by configuration',
  },
  {
    ...{ id: '9.1.3', level: 1, verdict: 'met' },
    requirement: 'Keys come from configured sources',
    reason: 'JWKS of the issuer; `jku`, `x5u` and `jwk` are ignored',
  },
  {
    ...{ id: '9.2.1', level: 1, verdict: 'met' },
    requirement: 'Validity times are checked',
    reason: '`exp`, `nbf`, `iat`',
  },
  {
    ...{ id: '9.2.2', level: 2, verdict: 'met' },
    requirement: 'The type of a token is checked',
    reason: '`typ` at+jwt',
  },
  {
    ...{ id: '9.2.3', level: 2, verdict: 'met' },
    requirement: 'The audience is checked',
    reason: '`aud`',
  },
  {
    ...{ id: '9.2.4', level: 2, verdict: 'met' },
    requirement: 'Tokens name their audience',
    reason: 'AUDIENCE',
  },
  {
    ...{ id: '10.1.1', level: 2, verdict: 'partly' },
    requirement: 'Tokens reach only what needs them',
    reason:
      'the cookie hides the refresh token; the access token is in the page unless a back end for the front end is used (`@gatehouse/client/bff`)',
  },
  {
    ...{ id: '10.3.1', level: 2, verdict: 'met' },
    requirement: 'A resource server checks the audience',
    reason: 'the guard',
  },
  {
    ...{ id: '10.3.2', level: 2, verdict: 'met' },
    requirement: 'Decisions use the claims',
    reason: 'route rules on scopes and roles',
  },
  {
    ...{ id: '10.3.3', level: 2, verdict: 'met' },
    requirement: 'Users are identified by `iss` and `sub`',
    reason: '`sub` is a UUID that is never assigned again',
  },
  {
    ...{ id: '10.3.4', level: 2, verdict: 'met' },
    requirement: 'Recentness is checked',
    reason: '`auth_time`, step-up',
  },
  {
    ...{ id: '10.4.4', level: 1, verdict: 'met' },
    requirement: 'A client has only the grants it needs; no implicit or password grant',
    reason: 'refresh token and client credentials',
  },
  {
    ...{ id: '10.4.5', level: 1, verdict: 'met' },
    requirement: 'Replay of refresh tokens is detected',
    reason: 'rotation; reuse ends the session',
  },
  {
    ...{ id: '10.4.8', level: 2, verdict: 'met' },
    requirement: 'Refresh tokens have an absolute end',
    reason: 'SESSION_SECONDS',
  },
  {
    ...{ id: '10.4.9', level: 2, verdict: 'met' },
    requirement: 'Users can revoke refresh tokens',
    reason: 'DELETE /sessions/{id}',
  },
  {
    ...{ id: '10.4.10', level: 2, verdict: 'met' },
    requirement: 'Confidential clients are authenticated',
    reason: 'at token, introspection and revocation',
  },
  {
    ...{ id: '10.4.11', level: 2, verdict: 'operator' },
    requirement: 'Clients have only the scopes they need',
    reason: 'scopes of each service client',
  },
  {
    ...{ id: '11.1.1', level: 2, verdict: 'met' },
    requirement: 'Key management is documented',
    reason: 'docs/operations/keys.md',
  },
  {
    ...{ id: '11.1.2', level: 2, verdict: 'partly' },
    requirement: 'An inventory of cryptography',
    reason: "docs/operations/keys.md lists keys; certificates are the operator's",
  },
  {
    ...{ id: '11.2.1', level: 2, verdict: 'met' },
    requirement: 'Validated implementations',
    reason: "Node's OpenSSL and argon2 in Rust",
  },
  {
    ...{ id: '11.2.2', level: 2, verdict: 'met' },
    requirement: 'Algorithms and keys can be changed',
    reason: 'SIGNING_ALGORITHM, several keys, parameters inside each hash',
  },
  {
    ...{ id: '11.2.3', level: 2, verdict: 'partly' },
    requirement: '128 bits of security',
    reason: 'ES256 and EdDSA have them; RS256 needs a key of 3072 bits',
    check: ({ SIGNING_ALGORITHM: algorithm }) =>
      algorithm === 'RS256'
        ? { verdict: 'partly', reason: 'RS256: the key needs 3072 bits' }
        : { verdict: 'met', reason: `SIGNING_ALGORITHM is ${algorithm}` },
  },
  {
    ...{ id: '11.3.1', level: 1, verdict: 'partly' },
    requirement: 'No insecure modes or paddings',
    reason: 'nothing is encrypted; RS256 signs with PKCS#1 v1.5 as JWA defines it',
    check: ({ SIGNING_ALGORITHM: algorithm }) =>
      algorithm === 'RS256'
        ? { verdict: 'partly', reason: 'RS256 signs with PKCS#1 v1.5' }
        : { verdict: 'met', reason: `SIGNING_ALGORITHM is ${algorithm}` },
  },
  {
    ...{ id: '11.4.1', level: 1, verdict: 'met' },
    requirement: 'Approved hash functions',
    reason: 'SHA-256',
  },
  {
    ...{ id: '11.4.2', level: 2, verdict: 'met' },
    requirement: 'Passwords are hashed by a slow function',
    reason: 'argon2id, 19 MiB, 2 passes',
  },
  {
    ...{ id: '11.4.3', level: 2, verdict: 'met' },
    requirement: 'Hashes of 256 bits',
    reason: 'SHA-256; tags of tokens are 128 bits of HMAC',
  },
  {
    ...{ id: '11.5.1', level: 2, verdict: 'partly' },
    requirement: 'Random values have 128 bits',
    reason: 'refresh tokens 256; reset codes 120 bits, limited and short-lived',
  },
  {
    ...{ id: '11.6.1', level: 2, verdict: 'met' },
    requirement: 'Approved signature algorithms',
    reason: 'ECDSA P-256, Ed25519, RSA',
  },
  {
    ...{ id: '16.1.1', level: 2, verdict: 'partly' },
    requirement: 'An inventory of logs',
    reason: "docs/observability; the storage of logs is the operator's",
  },
  {
    ...{ id: '16.2.1', level: 2, verdict: 'met' },
    requirement: 'Entries say when, where, who and what',
    reason: 'audit entries: time, actor, action, target, address, request id',
  },
  {
    ...{ id: '16.2.2', level: 2, verdict: 'met' },
    requirement: 'Clocks are synchronised; times are UTC',
    reason: 'PostgreSQL dates entries; `doctor` reports offsets',
  },
  {
    ...{ id: '16.2.3', level: 2, verdict: 'met' },
    requirement: 'Logs go to documented places only',
    reason: 'standard output and the audit table',
  },
  {
    ...{ id: '16.2.4', level: 2, verdict: 'met' },
    requirement: 'Logs can be read by machines',
    reason: 'JSON lines',
  },
  {
    ...{ id: '16.2.5', level: 2, verdict: 'met' },
    requirement: 'No secrets in logs',
    reason: 'redaction, tested with known secrets',
  },
  {
    ...{ id: '16.3.1', level: 2, verdict: 'met' },
    requirement: 'Authentication is logged',
    reason: '`session.start` with every outcome',
  },
  {
    ...{ id: '16.3.2', level: 2, verdict: 'met' },
    requirement: 'Refused authorization is logged',
    reason: 'denials of admin routes; guards count refusals and log them at level debug',
  },
  {
    ...{ id: '16.3.3', level: 2, verdict: 'met' },
    requirement: 'Attempts to bypass controls are logged',
    reason: 'rate limits, reuse, shared sessions',
  },
  {
    ...{ id: '16.3.4', level: 2, verdict: 'met' },
    requirement: 'Unexpected errors are logged',
    reason: 'with the request id',
  },
  {
    ...{ id: '16.4.1', level: 2, verdict: 'met' },
    requirement: 'Log entries are encoded',
    reason: 'JSON',
  },
  {
    ...{ id: '16.4.2', level: 2, verdict: 'operator' },
    requirement: 'Logs cannot be modified',
    reason: "no route changes audit entries; rights in PostgreSQL are the operator's",
  },
  {
    ...{ id: '16.4.3', level: 2, verdict: 'operator' },
    requirement: 'Logs are sent to a separate system',
    reason: '`gatehouse audit export`, standard output',
  },
  {
    ...{ id: '16.5.1', level: 2, verdict: 'met' },
    requirement: 'Errors reveal nothing',
    reason: '`internal-error`',
  },
  {
    ...{ id: '16.5.2', level: 2, verdict: 'met' },
    requirement: 'Failures of others are survived',
    reason: 'guards decide from memory during a lease',
  },
  {
    ...{ id: '16.5.3', level: 2, verdict: 'met' },
    requirement: 'Failures are closed',
    reason: 'without a lease the answer is 503',
  },
]
