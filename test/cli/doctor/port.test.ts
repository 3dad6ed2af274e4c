import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { checkPort } from '../../../src/cli/doctor/port.ts'
import { parseConfig } from '../../../src/config.ts'
import { openService } from '../../support/service-here.ts'

function configOf(port: number | string, host = '127.0.0.1') {
  return parseConfig({ PORT: String(port), HOST: host, AUTH: 'none' })
}

async function otherProgram() {
  const server = createServer((_request, reply) => reply.end('hello')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: async () => void server.close() }
}

test('a free port is fine, and free afterwards', async () => {
  const { port, ...taken } = await otherProgram()
  await taken[Symbol.asyncDispose]()
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await checkPort(configOf(port), 'free'), {
      check: 'port',
      verdict: 'ok',
      message: `127.0.0.1:${port} is free`,
    })
  }
  assert.equal((await checkPort(configOf(0), 'free')).message, 'any free port on 127.0.0.1')
})

test('a port of another program fails', async () => {
  await using other = await otherProgram()
  assert.deepEqual(await checkPort(configOf(other.port), 'free'), {
    check: 'port',
    verdict: 'failed',
    message: `127.0.0.1:${other.port} is taken by another program`,
    todo: 'Stop it, or set PORT to another port',
  })
})

test('a Longshore service tells its name; it is in the way unless it is the one on the data folder', async () => {
  await using service = await openService()
  const port = new URL(service.api.url).port
  const said = `The Longshore service fixture 1.2.3 answers on 127.0.0.1:${port}`
  assert.deepEqual(await checkPort(configOf(port), 'held'), { check: 'port', verdict: 'ok', message: said })
  const { verdict, message } = await checkPort(configOf(port), 'free')
  assert.deepEqual([verdict, message], ['warning', `${said}, on another data folder`])
  assert.equal((await checkPort(configOf(port, '0.0.0.0'), 'held')).verdict, 'ok')
})

test('a host that is not of this machine fails', async () => {
  const { verdict, message, todo } = await checkPort(configOf(8000, '192.0.2.1'), 'free')
  assert.equal(verdict, 'failed')
  assert.equal(message, 'Cannot listen on 192.0.2.1:8000: HOST is no address of this machine.')
  assert.equal(todo, 'Set HOST and PORT to what this machine has')
})
