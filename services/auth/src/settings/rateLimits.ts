/** Settings of the limits on failures and calls. */
import { integer } from '@gatehouse/settings'

export const rateLimitSettings = {
  LOGIN_FAILURES: integer(10, [1, 100_000], {
    about: 'Wrong passwords for one account from one address per 15 minutes',
    why: 'Stops guessing without locking out other addresses.',
  }),
  ADDRESS_FAILURES: integer(100, [1, 1_000_000], {
    about: 'Wrong passwords from one address per 15 minutes',
    why: 'Stops guessing for many accounts; high enough for an office behind one address.',
  }),
  ACCOUNT_FAILURES: integer(100, [10, 1_000_000], {
    about: 'Wrong passwords for one account from all unknown devices, until a log-in succeeds',
    why: 'Beyond it only known devices and reset codes are accepted (NIST SP 800-63B-4 section 3.2.2).',
  }),
  ADMIN_CALLS: integer(600, [1, 1_000_000], {
    about: 'Admin calls of one user or service client per minute',
    why: 'Protects the database from a script in a loop.',
  }),
  RENEW_FAILURES: integer(30, [1, 1_000_000], {
    about: 'Refused renewals of one session, or with invalid tokens from one address, per minute',
    why: 'A client in a loop costs no statement; successful renewals are not counted.',
  }),
  CLIENT_FAILURES: integer(30, [1, 1_000_000], {
    about: 'Wrong client secrets from one address per minute',
    why: 'A flood of guesses costs no statement; secrets that were right before are not limited.',
  }),
}
