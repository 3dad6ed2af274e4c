import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { createApp } from '../../src/index.ts'
import { findTracing } from '../../src/telemetry/tracing.ts'
import { Api } from '../support/api.ts'
import { ScriptedProcessor } from '../support/scripted-service.ts'
import { tempFolder } from '../support/temp-folder.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`

test('without OpenTelemetry set up there is no tracing', () => {
  assert.equal(findTracing(), undefined)
})

test('without tracing, a client’s span is kept with the job, given to the processor and named in the log', async () => {
  await using folder = await tempFolder()
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  const seen: (string | null)[] = []
  const processor = new ScriptedProcessor(({ traceparent, log }) => {
    seen.push(traceparent)
    log.info('at work')
    return null
  })
  const app = createApp(processor, { settings: { DATA_DIR: folder.path }, logger })
  const api = new Api(await app.listen({ host: '127.0.0.1', port: 0 }))
  const submit = async (traceparent: string) => {
    const body = new FormData()
    body.append('file', new Blob(['x']), 'x.txt')
    const answer = await fetch(`${api.url}/ingest/upload`, { method: 'POST', headers: { traceparent }, body })
    await api.ended(((await answer.json()) as { job_id: string }).job_id)
    return answer.headers.get('traceparent')
  }
  assert.equal(await submit(TRACEPARENT), TRACEPARENT)
  assert.equal(await submit('00-nonsense-01'), null)
  await app.close()
  assert.deepEqual(seen, [TRACEPARENT, null])
  for (const message of ['job.queued', 'job.started', 'at work', 'job.completed']) {
    const traces = lines.filter(({ msg }) => msg === message).map(({ trace_id }) => trace_id)
    assert.deepEqual(traces, [TRACE, undefined], message)
  }
})
