import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { SizedBody } from '../../src/storage/sized-body.ts'
import { readAll, someBytes, standingStream } from '../support/bytes.ts'

test('the last announced byte is not handed on before it is certain that no more follow', async () => {
  const received: Buffer[] = []
  let sized = new SizedBody(Buffer.alloc(0))
  const source = await standingStream(Buffer.alloc(10), (stream) => {
    sized = new SizedBody(stream, 10).on('data', (chunk) => received.push(chunk))
  })
  const failed = once(sized, 'error')
  source.write(Buffer.alloc(1))
  await assert.rejects(Promise.race([failed.then(([failure]) => Promise.reject(failure)), once(sized, 'end')]), {
    code: 'PART_SIZE_MISMATCH',
  })
  assert.deepEqual(received, [])
  source.destroy()
})

test('a body of the announced size arrives whole, whatever its pieces', async () => {
  const bytes = someBytes(1_000_003)
  const source = new PassThrough()
  const reading = readAll(new SizedBody(source, bytes.length))
  for (let start = 0; start < bytes.length; start += 99_991) source.write(bytes.subarray(start, start + 99_991))
  source.end()
  assert.ok(bytes.equals(await reading))
})
