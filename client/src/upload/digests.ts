import { UploadError } from '../errors.ts'
import type { Supply } from './source.ts'

/** What the platform can compute of bytes, lower-case hex. */
export interface Digests {
  /** SHA-256 of a whole source. */
  sha256(supply: Supply, signal: AbortSignal): Promise<string>
  /** MD5, with which S3 stores name parts; not there in browsers. */
  md5?(bytes: Uint8Array): string
}

/** What a browser digests in one go: its own digest needs all bytes in memory at once. */
const MAX_WHOLE_BYTES = 256 * 1024 * 1024

/** Digests by what every platform has: SHA-256 of sources up to 256 MiB. Throws `DIGEST_UNAVAILABLE` beyond. */
export const webDigests: Digests = {
  async sha256(supply) {
    if (supply.sizeBytes > MAX_WHOLE_BYTES) throw unavailable(supply, 'is larger than 256 MiB')
    // Pages that did not come over HTTPS have none.
    if (globalThis.crypto?.subtle === undefined) throw unavailable(supply, 'cannot be digested on a page without HTTPS')
    const bytes = await new Response(supply.open()).arrayBuffer()
    return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
  },
}

/** The SHA-256 of a source, as given or computed; undefined where reading it for that would use it up. */
export async function sha256Of(supply: Supply, digests: Digests, signal: AbortSignal): Promise<string | undefined> {
  if (supply.sha256 !== undefined) return supply.sha256
  return supply.onceOnly ? undefined : digests.sha256(supply, signal)
}

/** The refusal to digest a source that can be read only once. */
export function onceOnly(supply: Supply): UploadError {
  return unavailable(supply, 'is a stream that can be read only once')
}

function unavailable({ name }: Supply, why: string): UploadError {
  const message = `The SHA-256 of ${JSON.stringify(name)} cannot be computed: it ${why}. Give its \`sha256\`, or a source that can be read twice, or use @longshore/client/node.`
  return new UploadError({ code: 'DIGEST_UNAVAILABLE', message, filename: name })
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
