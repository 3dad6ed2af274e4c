import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import type { LogLine } from '../../src/job/job.ts'
import { JobLog } from '../../src/telemetry/job-log.ts'
import { redactor } from '../../src/telemetry/redaction.ts'

const ORIGIN = { job_id: 'job-1', attempt: 2, worker: 'here-1', trace_id: '0af7651916cd43dd8448eb211c80319c' }

function setUp(level = 'info') {
  const served: Record<string, unknown>[] = []
  const kept: LogLine[] = []
  const service = pino({ level, base: null }, { write: (text: string) => served.push(JSON.parse(text)) })
  const { logger, close } = new JobLog(service, redactor([])).open(ORIGIN, (line) => kept.push(line))
  return { served, kept, logger, close }
}

test('a line goes to the log of the service, with its job, and is kept with the attempt', () => {
  const { served, kept, logger } = setUp()
  logger.warn({ cells: 3 }, 'few cells')
  assert.partialDeepStrictEqual(served, [{ ...ORIGIN, level: 40, cells: 3, msg: 'few cells' }])
  assert.partialDeepStrictEqual(kept, [{ attempt: 2, level: 'warn', message: 'few cells', fields: { cells: 3 } }])
})

test('a service that logs little keeps the lines of its jobs all the same', () => {
  const { served, kept, logger } = setUp('silent')
  logger.info('begun')
  logger.debug('a detail')
  assert.deepEqual(served, [])
  assert.deepEqual(
    kept.map(({ message }) => message),
    ['begun'],
  )
})

test('fields named like what tells where a line comes from do not send it elsewhere', () => {
  const { served, kept, logger } = setUp()
  const before = Date.now()
  logger.info({ job_id: 'job-2', attempt: 9, time: 'noon', level: 'high' }, 'hello')
  const [line] = kept
  assert.partialDeepStrictEqual(line, { attempt: 2, level: 'info', message: 'hello' })
  assert.ok(line && line.at >= before, 'the time is the clock’s')
  assert.deepEqual(line.fields, { job_id: 'job-2', attempt: 9 })
  assert.partialDeepStrictEqual(served, [{ job_id: 'job-1', attempt: 2 }])
})

test('lines are cut to a bounded length, message and fields', () => {
  const { kept, logger } = setUp()
  logger.info({ dump: 'y'.repeat(1_000_000) }, 'x'.repeat(1_000_000))
  assert.ok(JSON.stringify(kept).length < 40_000)
})

test('what JSON cannot hold is logged as pino writes it', () => {
  const { kept, logger } = setUp()
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  logger.child({ step: 1 }).error({ cycle, big: 1n, none: undefined, err: new Error('boom') }, 'odd')
  assert.equal(kept[0]?.message, 'odd')
  assert.equal(kept[0]?.fields?.step, 1)
})

test('a line after the end of its attempt is served and not kept', () => {
  const { served, kept, logger, close } = setUp()
  close()
  logger.info('late')
  assert.equal(served.length, 1)
  assert.deepEqual(kept, [])
})

test('a secret is neither served nor kept', () => {
  const { served, kept, logger } = setUp()
  logger.info({ password: 'hunter2' }, 'fetched https://me:hunter2@example.org/')
  assert.ok(!JSON.stringify([served, kept]).includes('hunter2'))
  assert.equal(kept[0]?.message, 'fetched https://[redacted]@example.org/')
})
