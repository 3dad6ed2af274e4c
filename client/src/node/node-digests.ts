import { createHash } from 'node:crypto'
import type { Digests } from '../upload/digests.ts'
import { readable } from '../upload/source.ts'

/** Digests of any size, read piece by piece. */
export const nodeDigests: Digests = {
  async sha256(supply, signal) {
    const digest = createHash('sha256')
    const reader = supply.open().getReader()
    try {
      for (;;) {
        const { done, value } = await readable(supply.name, () => reader.read())
        signal.throwIfAborted()
        if (done) return digest.digest('hex')
        digest.update(value)
      }
    } finally {
      void reader.cancel().catch(() => {})
    }
  },
  md5: (bytes) => createHash('md5').update(bytes).digest('hex'),
}
