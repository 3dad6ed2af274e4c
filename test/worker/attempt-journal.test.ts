import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AttemptChanges } from '../../src/engine/job-engine.ts'
import type { JobFile } from '../../src/job/job.ts'
import { AttemptJournal } from '../../src/worker/attempt-journal.ts'
import { ManualClock } from '../support/manual-clock.ts'

function setUp(save: (changes: AttemptChanges) => Promise<boolean> = async () => true) {
  const clock = new ManualClock()
  const saved: AttemptChanges[] = []
  const told: string[] = []
  const journal = new AttemptJournal({
    clock,
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
  clock.advance(250)
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
