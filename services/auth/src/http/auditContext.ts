/** Who performs an action and from where, for the audit log. */
import type { FastifyRequest } from 'fastify'
import type { AuditDetail } from '../store/writeAudit.ts'
import { clientInfoOf } from './clientInfo.ts'

/** The part of an audit entry that is known before the action. */
export interface AuditContext {
  /** Id of the account or service client that acts; null when the request is not authenticated. */
  actor: string | null
  reason: string | null
  address: string | null
  requestId: string | null
  /** Evidence that is written beside the action's own. */
  detail?: AuditDetail
}

/**
 * @param request an authenticated request
 * @param reason what the caller gave as the reason
 */
export function auditContextOf(request: FastifyRequest, reason: string | null = null): AuditContext {
  const { address, requestId } = clientInfoOf(request)
  return { actor: request.caller.id, reason, address, requestId }
}
