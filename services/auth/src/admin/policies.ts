/** Whether an admin's act may be done to this account: pure decisions, made under the account's lock. */
import { ProblemError } from '@gatehouse/contract'
import { adminRoles, adminScopes } from './permissions.ts'

export interface Rights {
  roles: readonly string[]
  scopes: readonly string[]
}

export interface Actor extends Rights {
  id: string
}

export interface Target extends Rights {
  id: string
  version: number
}

export interface ActionContext {
  actor: Actor
  /** The `If-Match` header. */
  ifMatch?: string | undefined
  /** `myself`: the caller knows whom it hits. */
  confirm?: string | undefined
}

/** @throws Refusal `precondition-failed`, `insufficient-scope`, `confirmation-required` */
export function assertActionAllowed(asked: ActionContext, target: Target): void {
  assertIfMatch(asked.ifMatch, target.version)
  assertMayModify(asked.actor, target)
  assertConfirmed(asked, target)
}

/**
 * The same for a change of rights: who only gains something need not confirm.
 * @throws Refusal likewise
 */
export function assertRightsChangeAllowed(asked: ActionContext, before: Target, after: Rights): void {
  assertIfMatch(asked.ifMatch, before.version)
  assertMayModify(asked.actor, before)
  assertGrantAllowed(asked.actor, before, after)
  const loses = [
    before.roles.some(role => !after.roles.includes(role)),
    before.scopes.some(scope => !after.scopes.includes(scope)),
  ]
  if (loses.includes(true)) assertConfirmed(asked, before)
}

/**
 * Ending sessions gives nobody more than he has, so whoever may do it may do it to all: an admin's stolen session above all.
 * @throws Refusal `precondition-failed`, `confirmation-required`
 */
export function assertSessionEndAllowed(asked: ActionContext, target: Target): void {
  assertIfMatch(asked.ifMatch, target.version)
  assertConfirmed(asked, target)
}

/** Strong comparison (RFC 9110 section 13.1.1): a weak tag never matches. */
export function assertIfMatch(ifMatch: string | undefined, version: number): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return
  const tags = ifMatch.split(',').map(tag => tag.trim())
  if (!tags.includes(etagOf(version))) throw new ProblemError('precondition-failed', `version ${version} is there`)
}

export function etagOf(version: number): string {
  return `"${version}"`
}

/** Who is no admin cannot become one by a detour: neither by granting, nor by taking over somebody who has more. */
function assertMayModify(actor: Actor, target: Rights): void {
  if (!actor.roles.includes('admin') && isPrivileged(target)) throw adminsOnly('acts on somebody with admin rights')
}

/** @throws Refusal `confirmation-required` */
export function assertConfirmed({ actor, confirm }: ActionContext, target: { id: string }): void {
  if (actor.id === target.id && confirm !== 'myself') {
    throw new ProblemError('confirmation-required', 'an act that hits its caller')
  }
}

/**
 * Granting or taking what counts on the admin routes is for admins.
 * @throws Refusal `insufficient-scope`
 */
export function assertGrantAllowed(actor: Actor, before: Rights, after: Rights): void {
  if (actor.roles.includes('admin')) return
  const changed = [
    ...difference(before.roles, after.roles).filter(role => isOneOf(adminRoles, role)),
    ...difference(before.scopes, after.scopes).filter(scope => isOneOf(adminScopes, scope)),
  ]
  if (changed.length > 0) throw adminsOnly(`grants or takes ${changed.join(' ')}`)
}

/**
 * What a caller gives a service client it must hold itself, unless it is an admin.
 * @throws Refusal `insufficient-scope`
 */
export function assertClientGrantAllowed(actor: Actor, scopes: readonly string[]): void {
  if (actor.roles.includes('admin') || scopes.every(scope => actor.scopes.includes(scope))) return
  throw adminsOnly('gives a client more than it has')
}

function isPrivileged({ roles, scopes }: Rights): boolean {
  return roles.some(role => isOneOf(adminRoles, role)) || scopes.some(scope => isOneOf(adminScopes, scope))
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name)
}

function difference(one: readonly string[], other: readonly string[]): string[] {
  return [...one.filter(name => !other.includes(name)), ...other.filter(name => !one.includes(name))]
}

function adminsOnly(why: string): ProblemError {
  return new ProblemError('insufficient-scope', why, { scope: ['role:admin'] })
}
