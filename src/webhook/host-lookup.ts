import { type LookupAddress, promises } from 'node:dns'
import type { LookupFunction } from 'node:net'
import PQueue from 'p-queue'

/** Finds the addresses of a host. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/** The system's own search, with its hosts file. */
export const systemResolve: Resolve = (hostname) => promises.lookup(hostname, { all: true })

/** Each search holds one of the four threads that all work on files needs too, for as long as a name server is silent. */
const SEARCHES_AT_ONCE = 2

/** Why nothing was sent: where the host leads is no place to send anything. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

/**
 * A `lookup` for connections that gives only addresses which `accepts`. A connection is made to what it gives and is not
 * searched for again, so a name that leads elsewhere a moment later changes nothing.
 */
export function guardedLookup(resolve: Resolve, accepts: (address: string) => boolean): LookupFunction {
  const queue = new PQueue({ concurrency: SEARCHES_AT_ONCE })
  const underway = new Map<string, Promise<readonly LookupAddress[]>>()
  const find = (hostname: string): Promise<readonly LookupAddress[]> => {
    const known = underway.get(hostname)
    if (known) return known
    const search = queue.add(() => resolve(hostname)).finally(() => underway.delete(hostname))
    underway.set(hostname, search)
    return search
  }
  return (hostname, { all }, callback) => {
    find(hostname).then(
      (found) => {
        const addresses = found.filter(({ address }) => accepts(address))
        const [first] = addresses
        if (first === undefined) callback(new AddressRefused(), '')
        else if (all) callback(null, addresses)
        else callback(null, first.address, first.family)
      },
      (failure) => callback(failure, ''),
    )
  }
}
