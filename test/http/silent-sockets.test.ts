import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { SilentSockets } from '../../src/http/silent-sockets.ts'

test('a connection without a whole request is cut, one with a request under way is not', async () => {
  const held = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const server = createServer(async (_request, response) => {
    arrived.resolve()
    await held.promise
    response.end('answered')
  })
  const silent = new SilentSockets(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const seen = once(server, 'connection')
  const early = connect(port, '127.0.0.1').on('error', () => {})
  const [accepted] = await seen
  const half = once(server, 'connection')
  const begun = connect(port, '127.0.0.1').on('error', () => {})
  begun.write('GET / HTTP/1.1\r\nHos')
  const [socket] = await half
  while (socket.bytesRead === 0) await turn()
  assert.equal(accepted.bytesRead, 0)
  const asked = fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
  await arrived.promise

  silent.cut()
  await Promise.all([once(early, 'close'), once(begun, 'close')])
  held.resolve()
  assert.equal(await (await asked).text(), 'answered')
  await new Promise((resolve) => server.close(resolve))
})
