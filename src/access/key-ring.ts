import { timingSafeEqual } from 'node:crypto'
import { type ApiKey, digestOf } from './api-key.ts'

/** What is compared when no key has the digest, so that an unknown key takes as long as a known one. */
const NO_DIGEST = Buffer.alloc(32)

/** The keys that are let in now. */
export class KeyRing {
  readonly #byDigest: ReadonlyMap<string, ApiKey>

  constructor(keys: readonly ApiKey[]) {
    this.#byDigest = new Map(keys.map((key) => [key.digest.toString('hex'), key]))
  }

  /**
   * The key that was presented, if it is one of ours. It is found by its SHA-256, which nobody can steer towards that of
   * a key he does not have, and compared in constant time.
   */
  find(presented: string): ApiKey | undefined {
    const digest = digestOf(presented)
    const found = this.#byDigest.get(digest.toString('hex'))
    return timingSafeEqual(found?.digest ?? NO_DIGEST, digest) ? found : undefined
  }
}
