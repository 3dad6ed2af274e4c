import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { SilentSockets } from '../../src/http/silent-sockets.ts'

test('a connection without a request is cut, one with a request under way is not', async () => {
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
  await seen
  const asked = fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
  await arrived.promise

  silent.cut()
  await once(early, 'close')
  held.resolve()
  assert.equal(await (await asked).text(), 'answered')
  await new Promise((resolve) => server.close(resolve))
})
