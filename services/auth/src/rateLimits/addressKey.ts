/** Which network an address stands for when calls are counted. */

/** Who has one IPv6 address has 2^64 of them, and may write each in many ways. */
export function addressKey(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!plain.includes(':')) return plain
  const [left = [], right = []] = plain.split('::').map(side => side.split(':').filter(group => group !== ''))
  const zeros = Array(Math.max(0, 8 - left.length - right.length)).fill('0')
  const network = [...left, ...zeros, ...right].slice(0, 4).map(group => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
