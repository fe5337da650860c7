/** The criteria as they are typed, and as the API takes them. */
import type { SessionCriteria } from '@gatehouse/contract'

export const emptyCriteria = { network: '', device: '', client: '', createdBefore: '', accounts: '' }
export type CriteriaText = typeof emptyCriteria

/** @returns undefined without any criterion */
export function criteriaOf(text: CriteriaText): SessionCriteria | undefined {
  const { network, device, client, createdBefore, accounts } = text
  const ids = accounts.split(/[\s,]+/).filter(Boolean)
  const criteria: SessionCriteria = {
    ...(network.trim() && { network: network.trim() }),
    ...(device.trim() && { device: device.trim() }),
    ...(client.trim() && { client: client.trim() }),
    ...(createdBefore && { createdBefore: new Date(createdBefore).toISOString() }),
    ...(ids.length > 0 && { accounts: ids }),
  }
  return Object.keys(criteria).length === 0 ? undefined : criteria
}
