import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AttemptChanges } from '../../src/engine/job-engine.ts'
import type { JobFile, JsonValue, LogLine } from '../../src/job/job.ts'
import { AttemptJournal } from '../../src/worker/attempt-journal.ts'
import { ManualClock } from '../support/manual-clock.ts'

function setUp(save: (changes: AttemptChanges) => Promise<boolean> = async () => true, maxLogLines = 1000) {
  const clock = new ManualClock()
  const saved: AttemptChanges[] = []
  const told: string[] = []
  const journal = new AttemptJournal({
    clock,
    maxLogLines,
    save: (changes) => {
      saved.push(changes)
      return save(changes)
    },
    onStale: () => told.push('stale'),
    onError: () => told.push('error'),
  })
  return { clock, saved, told, journal }
}

function row(index: number): JobFile {
  return { index, uri: `s3://bucket/${index}`, state: 'done', sizeBytes: 1, etag: null, sha256: null, error: null }
}

const settled = (): Promise<void> => new Promise(setImmediate)

test('a thousand reports within a quarter of a second are one write, of the last', async () => {
  const { clock, saved, journal } = setUp()
  for (let percent = 0; percent < 1000; percent++) journal.progress({ stage: 'processing', percent })
  assert.equal(saved.length, 0)
  clock.advance(250)
  await settled()
  assert.deepEqual(saved, [{ progress: { stage: 'processing', percent: 999 } }])
})

test('what was not written yet is handed over at the close', async () => {
  const { clock, saved, journal } = setUp()
  journal.progress({ stage: 'processing', percent: 1 })
  journal.file(row(3))
  assert.deepEqual(await journal.close(), { progress: { stage: 'processing', percent: 1 }, files: [row(3)] })
  clock.advance(10_000)
  assert.equal(saved.length, 0)
  assert.equal(clock.pending, 0)
})

test('a file is written once, with the newest word on it', async () => {
  const { journal } = setUp()
  journal.file({ ...row(0), state: 'downloaded' })
  journal.file(row(0))
  assert.deepEqual((await journal.close()).files, [row(0)])
})

test('a large ledger does not wait for the timer', async () => {
  const { saved, journal } = setUp()
  for (let index = 0; index < 1000; index++) journal.file(row(index))
  await settled()
  assert.equal(saved[0]?.files?.length, 1000)
})

test('a checkpoint is written at once, together with what waits', async () => {
  const { clock, saved, journal } = setUp()
  journal.progress({ stage: 'processing' })
  await journal.checkpoint({ at: 7 })
  assert.deepEqual(saved, [{ progress: { stage: 'processing' }, checkpoint: { at: 7 } }])
  assert.equal(clock.pending, 0)
})

test('a failed write is told, and its changes come with the next, older ones below newer', async () => {
  let fails = true
  const { clock, saved, told, journal } = setUp(async () => {
    if (fails) throw new Error('disk full')
    return true
  })
  journal.progress({ stage: 'processing', percent: 1 })
  journal.file(row(1))
  clock.advance(250)
  await settled()
  assert.deepEqual(told, ['error'])
  fails = false
  journal.progress({ stage: 'processing', percent: 2 })
  clock.advance(1000)
  await settled()
  assert.deepEqual(saved.at(-1), { progress: { stage: 'processing', percent: 2 }, files: [row(1)] })
})

test('a checkpoint that could not be written is an error for its caller', async () => {
  const { journal } = setUp(async () => {
    throw new Error('disk full')
  })
  await assert.rejects(journal.checkpoint(1), /could not be saved/)
})

test('a stale lease is told', async () => {
  const { clock, told, journal } = setUp(async () => false)
  journal.progress({ stage: 'processing' })
  clock.advance(250)
  await settled()
  assert.deepEqual(told, ['stale'])
})

function line(message: string): LogLine {
  return { attempt: 1, at: 0, level: 'info', message }
}

test('a ledger that comes all at once is written in pieces, one after the other', async () => {
  let underWay = 0
  const { saved, journal } = setUp(async () => {
    assert.equal(++underWay, 1)
    await settled()
    underWay -= 1
    return true
  })
  for (let index = 0; index < 10_500; index++) journal.file(row(index))
  const rest = await journal.close()
  const sizes = [...saved, rest].map(({ files }) => files?.length ?? 0)
  assert.ok(Math.max(...sizes) <= 1000, String(sizes))
  const written = [...saved, rest].flatMap(({ files }) => files?.map(({ index }) => index) ?? [])
  assert.deepEqual(
    written,
    Array.from({ length: 10_500 }, (_, i) => i),
  )
})

test('a processor that marks files without end costs one write at a time', async () => {
  const { saved, journal } = setUp()
  for (let time = 0; time < 1_000_000; time++) journal.file(row(time % 1500))
  await settled()
  const rest = await journal.close()
  assert.ok(saved.length <= 3, String(saved.length))
  assert.ok((rest.files?.length ?? 0) <= 1000)
})

test('a close does not wait for a disk that stays full: the settlement takes what is left', async () => {
  const { saved, journal } = setUp(async () => {
    throw new Error('disk full')
  })
  for (let index = 0; index < 2500; index++) journal.file(row(index))
  assert.equal((await journal.close()).files?.length, 2500)
  assert.ok(saved.length <= 2)
})

test('of lines without end only the newest wait, as many as are kept with a job', async () => {
  const { journal } = setUp(() => new Promise(() => {}), 100)
  for (let i = 0; i < 100_000; i++) journal.log(line(String(i)))
  const { logs = [] } = await journal.close()
  assert.ok(logs.length >= 100 && logs.length < 200, String(logs.length))
  assert.equal(logs.at(-1)?.message, '99999')
})

test('a checkpoint saved while another is being written is no error', async () => {
  const { saved, journal } = setUp()
  const first = journal.checkpoint(1)
  await Promise.resolve()
  await Promise.all([first, journal.checkpoint(2), journal.checkpoint(3)])
  assert.equal(saved.at(-1)?.checkpoint, 3)
})

test('a checkpoint never comes before the files that were marked before it', async () => {
  const { saved, journal } = setUp()
  for (let index = 0; index < 2500; index++) journal.file(row(index))
  await journal.checkpoint('all marked')
  assert.deepEqual(
    saved.map(({ files, checkpoint }) => [files?.length, checkpoint]),
    [
      [1000, undefined],
      [1000, undefined],
      [500, 'all marked'],
    ],
  )
})

test('a checkpoint of an attempt that lost its lease, or is over, is refused', async () => {
  const { journal } = setUp(async () => false)
  await assert.rejects(journal.checkpoint(1), { code: 'LEASE_LOST' })
  await assert.rejects(journal.checkpoint(2), { code: 'LEASE_LOST' })
})

test('progress that JSON cannot hold, or that is a dump, keeps its words and loses its details', async () => {
  const { journal } = setUp()
  const cycle: { [name: string]: JsonValue } = {}
  cycle.self = cycle
  journal.progress({ stage: 'processing', percent: 5, message: 'on it', cycle })
  assert.deepEqual((await journal.close()).progress, { stage: 'processing', percent: 5, message: 'on it' })
  const { journal: other } = setUp()
  other.progress({ stage: 'processing', message: 'on it', dump: 'x'.repeat(1_000_000) })
  assert.deepEqual((await other.close()).progress, { stage: 'processing', message: 'on it' })
})
