/** Maps a client address to the key under which its requests are counted. */

/** An IPv6 client usually controls a /64 network, and an address has many spellings: the key is the network. */
export function addressKey(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!plain.includes(':')) return plain
  const [left = [], right = []] = plain.split('::').map(side => side.split(':').filter(group => group !== ''))
  const zeros = Array(Math.max(0, 8 - left.length - right.length)).fill('0')
  const network = [...left, ...zeros, ...right].slice(0, 4).map(group => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
