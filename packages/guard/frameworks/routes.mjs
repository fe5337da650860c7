/** What the applications have in common. */

export const items = ['the ledger', 'the spare keys']

/** The rules of the routes that answer with the caller. */
export const rules = {
  '/me': {},
  '/restricted': { scope: ['storage:restricted'] },
  '/admin': { roles: ['admin', 'auditor'] },
  '/lenient': { onUnknown: 'allow' },
}
