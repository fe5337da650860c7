/**
 * The names of all actions in the audit log: `what.verb`, stored in `audit_entries.action` and used
 * as a filter.
 */
import type { EndedAs } from './endSessionRows.ts'

export const auditActions = {
  'session.start': 'A user logs in, or fails to.',
  'session.renew': 'A renewal is refused.',
  'device.approve': 'A user approves a device that waits with a code, or reaches the limit of wrong codes.',
  'device.deny': 'A user denies a device that waits with a code.',
  'session.device': 'A device that a user has approved gets its session.',
  'session.exchange': 'A client exchanges the access token of a user for a session of its own or a narrower token.',
  'session.reauthenticate': 'A user confirms the password within a session, or fails to.',
  'session.retry': 'A renewal is repeated; the entry has the client info of both requests.',
  'session.advance': 'A refresh token newer than its row is accepted: the database has lost commits.',
  'session.shared': 'Repeated renewals show that two clients hold the refresh token of a session.',
  'session.sharing-detected': 'A session ends because two clients hold its refresh token (ON_SHARED_SESSION=end).',
  'session.limit-exceeded': 'The oldest sessions of an account end because a log-in exceeds SESSIONS_PER_ACCOUNT.',
  'session.logged-out': 'A session ends because its user logs out.',
  'session.revoked': 'One or more sessions of an account end because its user or an admin ends them.',
  'session.reuse-detected': 'A session ends because an older refresh token was presented again.',
  'session.password-changed': 'Sessions end because the password changed.',
  'session.account-disabled': 'Sessions end because the account was disabled.',
  'session.account-deleted': 'Sessions end because the account was deleted.',
  'sessions.end-matching': 'An admin ends all sessions that match criteria; each batch is a session.revoked.',
  'sessions.end-all': 'An admin ends every session.',
  'user.create': 'An account is created.',
  'user.disable': 'An account is disabled.',
  'user.enable': 'An account is enabled.',
  'user.delete': 'An account is deleted.',
  'user.end-sessions': 'An admin ends every session of an account.',
  'user.issue-reset-code': 'An admin replaces the password of an account with a one-time code.',
  'user.force-password-change': 'An admin requires a new password at the next log-in.',
  'user.change-password': 'A user changes their password, or fails to.',
  'user.change-rights': 'The roles or scopes of an account change.',
  'client.create': 'A service client is created.',
  'client.rotate-secret': 'A service client gets a new secret.',
  'client.set-keys': 'A service client gets public keys, which replace its secret.',
  'client.delete': 'A service client is deleted.',
  'client.token': 'A service client gets an access token.',
  'client.authenticate': 'A service client reaches the limit of failed authentications.',
  'client.revoke-tokens': 'A service client revokes its own tokens.',
  'admin.call': 'A caller reaches the limit of admin requests.',
  'admin.denied': 'An admin request is refused because the caller lacks a right.',
  'database.history-changed':
    'A replica noticed a fail-over or restore: the feed is new, and barriers wait for one lease.',
  'database.after-restore': 'The database was restored from a backup: every session ends, and the feed is new.',
  'audit.export': 'The audit log is exported.',
  'key.announce': 'A key is announced to the guards.',
  'key.activate': 'A key begins to sign access tokens.',
  'key.withdraw': 'A key is withdrawn; tokens that it signed are refused.',
  'revocation.in-force': 'The receipt of a revocation: what each guard acknowledged, and when.',
} as const satisfies Record<string, string> & Record<`session.${EndedAs}`, string>

export type AuditAction = keyof typeof auditActions
