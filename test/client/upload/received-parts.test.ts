import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { nodeDigests } from '../../../client/src/node/node-digests.ts'
import { webDigests } from '../../../client/src/upload/digests.ts'
import { holds } from '../../../client/src/upload/received-parts.ts'

const bytesOf = fc.uint8Array({ minLength: 1, maxLength: 300 })

function md5(bytes: Uint8Array): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`
}

/** As the local store names a part. */
function crc(bytes: Uint8Array): string {
  return `"${crc32(bytes).toString(16).padStart(8, '0')}-${bytes.length.toString(16)}"`
}

test('a part is known by the MD5 or the CRC-32 of its bytes, and other bytes are not taken for it', async () => {
  await fc.assert(
    fc.asyncProperty(bytesOf, fc.nat(), fc.integer({ min: 1, max: 255 }), async (bytes, at, by) => {
      const other = bytes.with(at % bytes.length, (bytes[at % bytes.length] ?? 0) ^ by)
      for (const etag of [md5(bytes), crc(bytes)]) {
        const part = { sizeBytes: bytes.length, etag }
        assert.ok(await holds(part, bytes, nodeDigests))
        assert.ok(await holds({ ...part, etag: etag.slice(1, -1) }, new Blob([new Uint8Array(bytes)]), nodeDigests))
        assert.ok(!(await holds(part, other, nodeDigests)))
        assert.ok(!(await holds({ ...part, sizeBytes: bytes.length + 1 }, bytes, nodeDigests)))
      }
    }),
  )
})

test('a part that nothing here can compute the name of is not known', async () => {
  const bytes = Buffer.from('abc')
  const known = (etag: string, digests = nodeDigests) => holds({ sizeBytes: 3, etag }, bytes, digests)
  assert.equal(await known('"something else"'), false)
  assert.equal(await known(md5(bytes), webDigests), false)
  assert.equal(await known(crc(bytes), webDigests), true)
})
