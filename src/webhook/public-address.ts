import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Public by its range, but every machine of a cloud reaches its host's services there (Azure, WireServer). */
const METADATA: ReadonlySet<string> = new Set(['168.63.129.16'])

/** IPv6 that is routed at all (IANA, IPv6 Global Unicast Address Assignments); within it, some ranges lead elsewhere. */
const GLOBAL = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Whether an IP address belongs to the public internet. Private, loopback, link-local (where clouds serve credentials),
 * shared (CGNAT), multicast, unspecified and reserved ones do not, nor do those of IPv6 that stand for an address of IPv4:
 * mapped, NAT64, 6to4, Teredo.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0 || METADATA.has(address)) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL)
}

/** The IP address that a URL names instead of a host; undefined when it names a host. */
export function literalAddress({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(bare) === 0 ? undefined : bare
}

/** Whether a name is this machine's own, whatever it resolves to (RFC 6761). */
export function isLocalName({ hostname }: URL): boolean {
  return /(^|\.)localhost\.?$/i.test(hostname)
}
