/**
 * Whether an admin's action on an account is allowed: pure decisions, made under the account's
 * lock.
 */
import { ProblemError } from '@gatehouse/contract'
import { adminRoles, adminScopes } from './permissions.ts'

export interface Rights {
  roles: readonly string[]
  scopes: readonly string[]
}

export interface PolicyActor extends Rights {
  id: string
}

export interface Target extends Rights {
  id: string
  version: number
}

/** What the request says about the action, and the rights of its actor. */
export interface RequestedAction {
  actor: PolicyActor
  /** The `If-Match` header. */
  ifMatch?: string | undefined
  /** `myself` confirms that the action may affect the caller. */
  confirm?: string | undefined
}

/** @throws ProblemError `precondition-failed`, `insufficient-scope`, `confirmation-required` */
export function assertActionAllowed(action: RequestedAction, target: Target): void {
  assertIfMatch(action.ifMatch, target.version)
  assertMayModify(action.actor, target)
  assertConfirmedFor(action, target)
}

/**
 * The same for a reset code, with which its holder can log in: an actor that is not an admin issues it only for an
 * account whose rights it holds itself.
 * @throws ProblemError `precondition-failed`, `insufficient-scope`, `confirmation-required`
 */
export function assertResetAllowed(action: RequestedAction, target: Target): void {
  assertActionAllowed(action, target)
  assertGrantAllowed(action.actor, { roles: [], scopes: [] }, target)
}

/**
 * The same for a change of rights. An actor that only adds to its own rights needs no confirmation.
 * @throws ProblemError `precondition-failed`, `insufficient-scope`, `confirmation-required`
 */
export function assertRightsChangeAllowed(action: RequestedAction, before: Target, after: Rights): void {
  assertIfMatch(action.ifMatch, before.version)
  assertMayModify(action.actor, before)
  assertGrantAllowed(action.actor, before, after)
  const losesRole = before.roles.some(role => !after.roles.includes(role))
  const losesScope = before.scopes.some(scope => !after.scopes.includes(scope))
  if (losesRole || losesScope) assertConfirmedFor(action, before)
}

/**
 * Ending sessions gives no rights, so an actor with the permission may end those of any account, an
 * admin's included.
 * @throws ProblemError `precondition-failed`, `confirmation-required`
 */
export function assertSessionEndAllowed(action: RequestedAction, target: Target): void {
  assertIfMatch(action.ifMatch, target.version)
  assertConfirmedFor(action, target)
}

/**
 * Compares strongly (RFC 9110 section 13.1.1): a weak tag never matches.
 * @throws ProblemError `precondition-failed`
 */
export function assertIfMatch(ifMatch: string | undefined, version: number): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return
  const tags = ifMatch.split(',').map(tag => tag.trim())
  if (!tags.includes(etagOf(version))) throw new ProblemError('precondition-failed', `the version is ${version}`)
}

export function etagOf(version: number): string {
  return `"${version}"`
}

/**
 * Only an admin may modify a privileged account: otherwise an actor could gain its rights by
 * setting its password.
 */
function assertMayModify(actor: PolicyActor, target: Rights): void {
  if (!isAdmin(actor) && isPrivileged(target)) throw adminsOnly('modifies an account with admin rights')
}

/**
 * @param affected the account, or the session, that the action affects
 * @throws ProblemError `confirmation-required` when it is the caller's own
 */
export function assertConfirmed(
  { own, confirm }: { own: string; confirm: string | undefined },
  affected: string,
): void {
  if (affected === own && confirm !== 'myself')
    throw new ProblemError('confirmation-required', 'an action that affects its caller')
}

/** @throws ProblemError `confirmation-required` */
function assertConfirmedFor({ actor, confirm }: RequestedAction, target: Target): void {
  assertConfirmed({ own: actor.id, confirm }, target.id)
}

/**
 * An actor that is not an admin grants only what it holds itself, and neither grants nor takes
 * admin rights.
 * @throws ProblemError `insufficient-scope`
 */
export function assertGrantAllowed(actor: PolicyActor, before: Rights, after: Rights): void {
  if (isAdmin(actor)) return
  const added = [
    ...after.roles.filter(role => !before.roles.includes(role) && !actor.roles.includes(role)),
    ...after.scopes.filter(scope => !before.scopes.includes(scope) && !actor.scopes.includes(scope)),
  ]
  if (added.length > 0) throw adminsOnly(`grants ${added.join(' ')}, which it does not hold`)
  const changed = [
    ...difference(before.roles, after.roles).filter(role => includes(adminRoles, role)),
    ...difference(before.scopes, after.scopes).filter(scope => includes(adminScopes, scope)),
  ]
  if (changed.length > 0) throw adminsOnly(`grants or takes ${changed.join(' ')}`)
}

/**
 * An actor that is not an admin gives a service client only scopes that it holds itself.
 * @throws ProblemError `insufficient-scope`
 */
export function assertClientGrantAllowed(actor: Rights, scopes: readonly string[]): void {
  if (isAdmin(actor) || scopes.every(scope => actor.scopes.includes(scope))) return
  throw adminsOnly('gives a client scopes that it does not hold')
}

/**
 * A bulk end that covers more than half of all active sessions amounts to `POST
 * /admin/sessions/end-all`, and requires what that route requires. Named accounts are always
 * allowed.
 * @throws ProblemError `insufficient-scope`
 */
export function assertBulkEndAllowed(actor: Rights, bulk: { covered: number; active: number; named: boolean }): void {
  if (isAdmin(actor) || bulk.named || 2 * bulk.covered <= bulk.active) return
  throw adminsOnly('ends more than half of all active sessions within an hour')
}

export function isAdmin({ roles }: Rights): boolean {
  return roles.includes('admin')
}

function isPrivileged({ roles, scopes }: Rights): boolean {
  return roles.some(role => includes(adminRoles, role)) || scopes.some(scope => includes(adminScopes, scope))
}

function includes(names: readonly string[], name: string): boolean {
  return names.includes(name)
}

/** @returns the names that only one of the two lists has */
function difference(before: readonly string[], after: readonly string[]): string[] {
  return [...before.filter(name => !after.includes(name)), ...after.filter(name => !before.includes(name))]
}

function adminsOnly(why: string): ProblemError {
  return new ProblemError('insufficient-scope', why, { scope: ['role:admin'] })
}
