import { randomUUID } from 'node:crypto'
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import multipart from '@fastify/multipart'
import Fastify from 'fastify'

/**
 * Uploads as simple as they can be: a form by Fastify, a `PUT` by Node alone, piped to a file and synced. The message
 * `clear` removes the files.
 */
const folder = mkdtempSync(join(tmpdir(), 'longshore-bench-'))

async function keep(body: Readable): Promise<void> {
  const path = join(folder, randomUUID())
  await pipeline(body, createWriteStream(path))
  const file = await open(path, 'r+')
  await file.sync()
  await file.close()
}

const app = Fastify()
app.register(multipart, { limits: { fileSize: Number.MAX_SAFE_INTEGER } })
app.post('/ingest/upload', async (request, reply) => {
  for await (const part of request.parts()) if (part.type === 'file') await keep(part.file)
  return reply.code(202).send({})
})
const url = await app.listen({ host: '127.0.0.1', port: 0 })

const server = createServer((request, response) => {
  keep(request).then(
    () => response.end(),
    (failure) => response.destroy(failure),
  )
})
server.listen(0, '127.0.0.1', () => {
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  process.send?.({ url, uri })
})

process.on('message', () => {
  rmSync(folder, { recursive: true })
  mkdirSync(folder)
  process.send?.('cleared')
})
process.on('disconnect', async () => {
  server.close()
  await app.close()
  rmSync(folder, { recursive: true, force: true })
})
