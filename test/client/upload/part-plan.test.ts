import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cutStream } from '../../../client/src/upload/cut-stream.ts'
import { partCountOf, partsOf } from '../../../client/src/upload/part-plan.ts'
import { supplyOf } from '../../../client/src/upload/source.ts'
import { someBytes } from '../../support/bytes.ts'

test('the parts of a file cover each byte once, in order, and all but the last have the size of a part', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 500 }), (sizeBytes, partBytes) => {
      const parts = [...partsOf(sizeBytes, partBytes)]
      assert.equal(parts.length, partCountOf(sizeBytes, partBytes))
      for (const [i, { number, start, end }] of parts.entries()) {
        assert.equal(number, i + 1)
        assert.equal(start, parts[i - 1]?.end ?? 0)
        if (i < parts.length - 1) assert.equal(end - start, partBytes)
        else assert.ok(end === sizeBytes && end > start && end - start <= partBytes)
      }
    }),
  )
})

test('a stream cut into parts gives its bytes back, whatever its chunks', async () => {
  const chunks = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(chunks, fc.integer({ min: 1, max: 200 }), async (lengths, partBytes) => {
      const bytes = someBytes(lengths.reduce((sum, length) => sum + length, 1))
      let position = 0
      const stream = new ReadableStream<Uint8Array>({
        pull(controller) {
          const length = lengths.shift()
          if (length === undefined) {
            controller.enqueue(bytes.subarray(position))
            return controller.close()
          }
          controller.enqueue(bytes.subarray(position, position + length))
          position += length
        },
      })
      const supply = supplyOf({ name: 's', size: bytes.length, stream })
      const cut: Uint8Array[] = []
      for await (const part of cutStream(supply, partBytes, new AbortController().signal)) cut.push(part.bytes)
      assert.ok(Buffer.concat(cut).equals(bytes))
      assert.equal(cut.length, partCountOf(bytes.length, partBytes))
    }),
  )
})
