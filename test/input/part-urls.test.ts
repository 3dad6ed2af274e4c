import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestService } from '../support/test-service.ts'

/** Counts the turns of the event loop until a promise is settled. */
async function turnsOf(work: Promise<unknown>): Promise<number> {
  let turns = 0
  let over = false
  const end = (): void => {
    over = true
  }
  work.then(end, end)
  while (!over) {
    await new Promise((resolve) => setImmediate(resolve))
    turns += 1
  }
  return turns
}

test('signing the URLs of 10,000 parts lets other work go on', async () => {
  await using service = await openTestService()
  const { ingest } = await service.ingests.open([{ filename: 'a', sizeBytes: 5 * 2 ** 20 * 10_000 }], {})
  const [file] = ingest.files
  assert.ok(file)
  const signing = service.ingests.signParts(ingest, file)
  assert.ok((await turnsOf(signing)) >= 10)
  const urls = await signing
  assert.deepEqual(
    urls.map(({ partNumber }) => partNumber),
    Array.from({ length: 10_000 }, (_, i) => i + 1),
  )
  assert.equal(new Set(urls.map(({ url }) => url)).size, 10_000)
})
