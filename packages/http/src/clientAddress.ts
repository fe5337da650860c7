/** Reads client addresses as proxies write them, and decides which peers are trusted proxies. */
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** The names that `TRUST_PROXY` accepts beside addresses and networks. */
const namedNetworks: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

/** The longest address with brackets, zone and port; a longer text is no address. */
const maxLength = 80

/**
 * Parses an address from `X-Forwarded-For`. Some proxies append a port, or write IPv6 in brackets (RFC 7239 section 6).
 * @param text for example `192.0.2.1`, `192.0.2.1:443`, `[2001:db8::1]:443`
 * @returns the plain address, an IPv4-mapped one as IPv4; undefined when the text contains none
 */
export function parseAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.length > maxLength) return undefined
  const [, v6, v4, plain] = /^(?:\[([^\]]+)\](?::\d{1,5})?|(\d+\.\d+\.\d+\.\d+):\d{1,5}|(.+))$/.exec(text.trim()) ?? []
  const address = (v6 ?? v4 ?? plain ?? '').replace(/%.*$/, '').toLowerCase()
  if (isIP(address) === 0 || (v6 !== undefined && !isIPv6(address))) return undefined
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}

/**
 * @param request a request behind any number of trusted proxies
 * @returns the address of the client; the peer's when the header contains no address; `0.0.0.0` when neither is known
 */
export function clientAddressOf(request: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  return parseAddress(request.ip) ?? parseAddress(request.socket.remoteAddress) ?? '0.0.0.0'
}

/**
 * @param list addresses, networks and names, separated by commas
 * @returns whether an address, with or without a port, belongs to a trusted proxy
 */
export function trustedProxies(list: string): (address: string | undefined) => boolean {
  const networks = new BlockList()
  for (const item of list.split(',').flatMap(item => namedNetworks[item.trim()] ?? [item.trim()])) {
    const [address = '', bits] = item.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    networks.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  return text => {
    const address = parseAddress(text)
    return address !== undefined && networks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }
}
