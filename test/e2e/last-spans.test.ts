import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { Api } from '../support/api.ts'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

const TRACING = new URL('../support/batched-tracing.ts', import.meta.url).href

/** Where spans are sent. */
async function openSink(onSpans: RequestListener) {
  const server = createServer(onSpans)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Runs a job in a traced service that is stopped as soon as the job has ended, and answers what was logged. */
async function stopAfterJob(sink: string, settings: Record<string, string> = {}): Promise<string[]> {
  await using folder = await tempFolder()
  const traced = { NODE_OPTIONS: `--import ${TRACING}`, SPAN_SINK: sink }
  await using service = await startService({ DATA_DIR: folder.path, ...traced, ...settings })
  const api = new Api(service.url)
  await api.ended(await api.upload({ 'a.txt': 'a' }))
  assert.equal(await service.kill('SIGTERM'), 0, service.lines.join('\n'))
  return service.lines
}

test('a service that is stopped right after a job has its spans sent before it ends', async () => {
  const names: string[] = []
  await using sink = await openSink(async (request, response) => {
    names.push(...JSON.parse(await text(request)))
    response.end()
  })
  await stopAfterJob(sink.url)
  for (const name of ['POST /ingest/upload', 'job.enqueue', 'job.wait', 'job.attempt', 'job.process', 'job.settle']) {
    assert.ok(names.includes(name), `${name} is not in ${names.join(', ')}`)
  }
})

test('a collector that never answers does not keep a service from ending, and the loss is logged', async () => {
  await using sink = await openSink(() => {})
  const lines = await stopAfterJob(sink.url, { SHUTDOWN_GRACE_SECONDS: '0', ABORT_GRACE_SECONDS: '1' })
  assert.ok(lines.some((line) => line.includes('the last spans are lost: The collector did not take them within 1 s.')))
})

test('why a collector could not be reached is logged', async () => {
  const { url } = await openSink(() => {}).then(async (sink) => {
    await sink[Symbol.asyncDispose]()
    return sink
  })
  const lines = await stopAfterJob(url)
  assert.ok(lines.some((line) => line.includes('the last spans are lost: fetch failed')))
})
