/** Converts the address of a client to a value for a column of type `inet`. */
import { isIP } from 'node:net'

/**
 * An IPv4 address that an IPv6 socket received becomes an IPv4 address, so that networks match it.
 * @returns null for a text that is no address, which PostgreSQL would refuse
 */
export function toInet(address: string | null): string | null {
  if (address === null) return null
  const [withoutZone = ''] = address.split('%')
  const text = withoutZone.replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(text) === 0 ? null : text
}
