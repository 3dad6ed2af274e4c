import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { serialize } from 'node:v8'
import { Frames } from '../../../src/processor/hosted/frames.ts'

/** Both ends of a stream. */
async function openPair(): Promise<[Socket, Socket]> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [far] = (await once(server, 'connection')) as [Socket]
  server.close()
  return [near, far]
}

const unbroken = (): void => assert.fail('it broke')

test('messages of any size arrive whole and in their order, whatever the pieces', async () => {
  const [near, far] = await openPair()
  const sent = [0, 1, 70_000, 5, 3_000_000, 2].map((size, n) => ({ n, bytes: Buffer.alloc(size, n) }))
  const heard: unknown[] = []
  const all = Promise.withResolvers<void>()
  const frames = new Frames<never, unknown>(near, () => {}, unbroken)
  new Frames<{ n: number; bytes: Buffer }, never>(
    far,
    (message) => {
      heard.push(message)
      if (heard.length === sent.length) all.resolve()
    },
    unbroken,
  )
  for (const message of sent) frames.send(message)
  await all.promise
  assert.deepEqual(heard, sent)
  near.destroy()
})

for (const [what, bytes] of [
  ['a length that no message has', Buffer.from([255, 255, 255, 255, 1])],
  ['bytes that are no message', Buffer.from([3, 0, 0, 0, 255, 2, 3])],
  ['text, however long a message its first letters would announce', Buffer.from('line 1\n')],
  ['a message that is no object', Buffer.concat([Buffer.from([3, 0, 0, 0]), serialize(null)])],
] as const) {
  test(`${what} breaks the line once, and nothing more is read`, async () => {
    const [near, far] = await openPair()
    let broken = 0
    new Frames(
      far,
      () => assert.fail('heard'),
      () => broken++,
    )
    near.write(bytes)
    near.end(bytes)
    await once(far, 'end')
    assert.equal(broken, 1)
  })
}
