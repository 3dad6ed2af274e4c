import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import type { FormPart } from '../../src/input/form-upload.ts'
import { Ingests } from '../../src/input/ingest.ts'
import { Api } from '../support/api.ts'
import { failing, openDisturbed } from '../support/disturbed-service.ts'
import { IngestClient } from '../support/ingest-client.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { everythingStored, nothingWritten, openTestService, type TestService } from '../support/test-service.ts'
import { until } from '../support/until.ts'
import { assertFetchedProblem, post } from '../support/wire.ts'

/** The ingests of another replica. */
function replicaOf({ engine, store, jobs, config }: TestService, clock: Clock): Ingests {
  return new Ingests({ records: engine.ingests, store, jobs, clock, settings: config })
}

/** Lets another replica, which heard no sign of life for a minute, sweep. */
async function sweptElsewhere(service: TestService, clock: ManualClock): Promise<void> {
  const { ingests: records } = service.engine
  const extend = records.extend.bind(records)
  records.extend = failing
  clock.advance(60_000)
  await service.ingests.sweep()
  records.extend = extend
  const other = replicaOf(service, clock)
  await other.start()
  await other.stop()
}

/** A form of two files, between which something happens. */
async function* formWith(meanwhile: () => Promise<unknown>): AsyncGenerator<FormPart> {
  yield { kind: 'file', filename: 'a', body: Readable.from([Buffer.from('a')]) }
  await meanwhile()
  yield { kind: 'file', filename: 'b', body: Readable.from([Buffer.from('b')]) }
}

test('a form that stood still with the machine for an hour goes on', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const { job } = await service.ingests.uploadForm(
    formWith(async () => {
      clock.advance(3_600_000)
      await service.ingests.sweep()
    }),
  )
  assert.equal(job.state, 'queued')
  assert.deepEqual((await everythingStored(service)).sort(), ['a', 'b'])
  assert.equal(await service.engine.ingests.countOpen(), 0)
})

test('a form whose place another replica cleared, because it heard nothing of it, is refused', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const sending = service.ingests.uploadForm(
    formWith(async () => {
      await sweptElsewhere(service, clock)
      assert.ok(await nothingWritten(service))
    }),
  )
  await assert.rejects(sending, { code: 'ENGINE_UNAVAILABLE', message: /Send it again/ })
  assert.ok(await nothingWritten(service))
})

test('a form whose files another replica drops while its job is being submitted is refused', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const { jobs } = service
  const submit = jobs.submit.bind(jobs)
  jobs.submit = async (...given) => {
    await sweptElsewhere(service, clock)
    return submit(...given)
  }
  const send = () =>
    service.ingests.uploadForm(
      formWith(async () => {}),
      { idempotencyKey: 'k' },
    )
  await assert.rejects(send(), { code: 'ENGINE_UNAVAILABLE', message: /Send it again/ })
  assert.ok(await nothingWritten(service))
  jobs.submit = submit
  const { job, replayed } = await send()
  assert.deepEqual([job.state, replayed], ['queued', false])
})

test('a form whose place another replica gave up, because it is its job by then, is accepted', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const { jobs } = service
  const submit = jobs.submit.bind(jobs)
  jobs.submit = async (...given) => {
    const submitted = await submit(...given)
    await sweptElsewhere(service, clock)
    return submitted
  }
  const { job } = await service.ingests.uploadForm(formWith(async () => {}))
  assert.equal((await jobs.get(job.id)).state, 'queued')
  assert.deepEqual((await everythingStored(service)).sort(), ['a', 'b'])
})

test('a form is refused when noting that it is under way takes so long that its place may be gone by then', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const { ingests: records } = service.engine
  const extend = records.extend.bind(records)
  records.extend = async (...given) => {
    const isThere = await extend(...given)
    clock.advance(19_000)
    return isThere
  }
  const sending = service.ingests.uploadForm(formWith(async () => clock.advance(19_000)))
  await assert.rejects(sending, { code: 'ENGINE_UNAVAILABLE', message: /Send it again/ })
  assert.ok(await nothingWritten(service))
})

test('an ingest that is extended while the sweep looks at it is swept when that is over', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const { ingests: records } = service.engine
  const { job_id: id } = (
    await post(service.app, '/ingest/start', { files: [{ filename: 'a', size_bytes: 1 }] })
  ).json<{ job_id: string }>()
  const { partUrlTtlMs: ttlMs } = service.config
  const listOpen = records.listOpen.bind(records)
  records.listOpen = async (limit) => {
    const open = await listOpen(limit)
    records.listOpen = listOpen
    assert.ok(await records.extend(id, clock.now() + ttlMs))
    return open
  }
  clock.advance(ttlMs)
  await service.ingests.sweep()
  assert.equal(await records.countOpen(), 1)
  clock.advance(ttlMs)
  await until(() => nothingWritten(service))
})

test('a file that is put together while another replica drops its ingest does not stay', async () => {
  await using setup = await openDisturbed()
  const { service, disturbances } = setup
  const api = new Api(await service.listen())
  const ingest = await IngestClient.start(api, { a: Buffer.from('a') })
  const parts = await ingest.putAll(ingest.file('a'))
  disturbances.completeUpload = async (go) => {
    const info = await go()
    await replicaOf(service, systemClock).abort(ingest.jobId)
    return info
  }
  await assertFetchedProblem(await ingest.complete(ingest.file('a'), parts), 'INGEST_NOT_FOUND')
  assert.ok(await nothingWritten(service))
})

test('a job that is queued after another replica dropped its ingest is withdrawn', async () => {
  await using service = await openTestService()
  const api = new Api(await service.listen())
  const ingest = await IngestClient.start(api, { a: Buffer.from('a') })
  const parts = await ingest.putAll(ingest.file('a'))
  const { jobs } = service
  const submit = jobs.submit.bind(jobs)
  jobs.submit = async (...given) => {
    await replicaOf(service, systemClock).abort(ingest.jobId)
    return submit(...given)
  }
  await assertFetchedProblem(await ingest.complete(ingest.file('a'), parts), 'INGEST_NOT_FOUND')
  assert.ok(await nothingWritten(service))
})

/** Lets another replica drop an ingest while its job is being queued, by a replica that comes so far or dies before. */
async function assertWithdrawn(closes: boolean): Promise<void> {
  await using service = await openTestService()
  const api = new Api(await service.listen())
  const ingest = await IngestClient.start(api, { a: Buffer.from('a') })
  const parts = await ingest.putAll(ingest.file('a'))
  const { jobs } = service
  const { ingests: records } = service.engine
  const ended = Promise.withResolvers<void>()
  const submitted = Promise.withResolvers<void>()
  const aborting = Promise.withResolvers<Promise<void>>()
  const [submit, end] = [jobs.submit.bind(jobs), records.end.bind(records)]
  records.end = async (...given) => {
    const isEnded = await end(...given)
    ended.resolve()
    await submitted.promise
    return isEnded
  }
  jobs.submit = async (...given) => {
    aborting.resolve(replicaOf(service, systemClock).abort(ingest.jobId))
    await ended.promise
    return submit(...given).finally(() => submitted.resolve())
  }
  if (!closes) records.close = failing
  const completed = await ingest.complete(ingest.file('a'), parts)
  await assertFetchedProblem(completed, closes ? 'INGEST_NOT_FOUND' : 'STORE_UNAVAILABLE')
  await aborting.promise
  assert.ok(await nothingWritten(service))
}

test('a job that is queued while another replica drops its ingest is withdrawn', () => assertWithdrawn(true))

test('such a job is withdrawn too when the replica that queued it comes no further', () => assertWithdrawn(false))

test('what a form stored after its place was lost is dropped later, when it cannot be at once', async () => {
  const clock = new ManualClock()
  await using setup = await openDisturbed({ clock })
  const { service, disturbances } = setup
  const { ingests: records } = service.engine
  const stored = Promise.withResolvers<void>()
  disturbances.put = async (go) => {
    const info = await go()
    stored.resolve()
    return info
  }
  const sending = service.ingests.uploadForm(
    formWith(async () => {
      await stored.promise
      const [place] = await records.listOpen(1)
      assert.ok(place && (await records.end(place.jobId)))
      await records.forget(place.jobId)
      disturbances.delete = failing
      const heard = Promise.withResolvers<unknown>()
      const extend = records.extend.bind(records)
      records.extend = (...given) => {
        const extending = extend(...given)
        heard.resolve(extending)
        return extending
      }
      clock.advance(20_000)
      await heard.promise
    }),
  )
  await assert.rejects(sending, { code: 'ENGINE_UNAVAILABLE', message: /Send it again/ })
  assert.deepEqual(await everythingStored(service), ['a'], 'the form was broken off')
  delete disturbances.delete
  clock.advance(60_000)
  await until(() => nothingWritten(service))
})
