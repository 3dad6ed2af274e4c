import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { extract, type Header } from 'tar-stream'
import { TarHeaders } from '../../src/output/tar-header.ts'

const name = fc.stringMatching(/^[!-.0-~]{1,60}(\/[!-.0-~]{1,60})?$/)
const size = fc.oneof(fc.nat(100_000), fc.constantFrom(0, 8 ** 11 - 1, 8 ** 11, 2 ** 40))

test('a header filled into the form is the one tar-stream makes, byte for byte', async () => {
  const headers = new TarHeaders()
  assert.equal(headers.fill('first', 1), undefined)
  await headers.make('first/0001.png', 123)
  await fc.assert(
    fc.asyncProperty(name, size, async (name, size) => {
      const filled = headers.fill(name, size)
      const unusual = name.length > 100 || size >= 8 ** 11
      assert.equal(filled === undefined, unusual)
      if (filled) assert.deepEqual(Buffer.from(filled), await headers.make(name, size))
    }),
    { numRuns: 300 },
  )
})

test('names of any length and script, and sizes beyond 8 GiB, get a header that says so', async () => {
  const headers = new TarHeaders()
  const cases = [
    ['a', 9 * 2 ** 30],
    [`${'d'.repeat(200)}/${'n'.repeat(200)}`, 7],
    ['ü/日本.png', 0],
    ['x'.repeat(101), 3],
  ] as const
  for (const [name, size] of cases) {
    const bytes = await headers.make(name, size)
    assert.equal(bytes.byteLength % 512, 0)
    const header = await new Promise<Header>((resolve) => {
      const tar = extract()
      tar.on('entry', (found) => resolve(found))
      tar.write(bytes)
    })
    assert.deepEqual([header.name, header.size, header.type], [name, size, 'file'])
  }
})
