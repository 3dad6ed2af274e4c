import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Clock } from '../../src/base/clock.ts'
import { ENDED_EXPIRY, type Ingest, type IngestFile, type IngestRecords } from '../../src/engine/ingest-records.ts'
import { newJob } from '../support/new-job.ts'

/** Ingest records on the bench. */
export interface IngestBench extends AsyncDisposable {
  readonly engine: { readonly ingests: IngestRecords }
  readonly clock: Clock
  reopen(): Promise<{ readonly ingests: IngestRecords }>
}

function ingestFile(id: string): IngestFile {
  const sizes = { sizeBytes: 10, partSizeBytes: 5 }
  return {
    id,
    filename: `${id}.dat`,
    key: `k/${id}`,
    uploadId: 'u',
    ...sizes,
    sha256: null,
    contentType: null,
    etag: null,
  }
}

/** A new ingest of two files. */
export function newIngest({ clock }: IngestBench, wishes: Partial<Ingest> = {}, key?: [string, string]): Ingest {
  const { createdAt, manifest: _, ...draft } = newJob(clock.now())
  const idempotency = key && { key: key[0], requestHash: key[1] }
  const files = ['b', 'a'].map(ingestFile)
  const times = { createdAt, expiresAt: createdAt + 60_000, closedAt: null }
  return {
    jobId: draft.id,
    bucket: 'datasets',
    ...times,
    files,
    draft: { ...draft, ...(idempotency && { idempotency }) },
    ...wishes,
  }
}

/** What every keeper of upload sessions keeps to. `makeBench` gives empty ones. */
export function ingestRecordsConformance(name: string, makeBench: () => Promise<IngestBench>): void {
  describe(`${name} keeps ingests`, () => {
    test('an ingest is found as it was opened, by its job and after a restart', async () => {
      await using bench = await makeBench()
      const ingest = newIngest(bench)
      assert.deepEqual(await bench.engine.ingests.open(ingest), { ingest, replayed: false })
      const engine = await bench.reopen()
      assert.deepEqual(await engine.ingests.get(ingest.jobId), ingest)
      assert.equal(await engine.ingests.get('nowhere'), undefined)
    })

    test('an idempotency key answers its ingest, and refuses another request', async () => {
      await using bench = await makeBench()
      const { ingests } = bench.engine
      const ingest = newIngest(bench, {}, ['key', 'hash'])
      await ingests.open(ingest)
      assert.deepEqual(await ingests.open(newIngest(bench, {}, ['key', 'hash'])), { ingest, replayed: true })
      await assert.rejects(ingests.open(newIngest(bench, {}, ['key', 'other'])), { code: 'IDEMPOTENCY_KEY_REUSED' })
      assert.equal(await ingests.countOpen(), 1)
    })

    test("an idempotency key is its tenant's own", async () => {
      await using bench = await makeBench()
      const { ingests } = bench.engine
      const of = (tenant: string): Ingest => {
        const ingest = newIngest(bench, {}, ['key', `hash of ${tenant}`])
        return { ...ingest, draft: { ...ingest.draft, tenant } }
      }
      const [ours, theirs] = [of('acme'), of('zeta')]
      await ingests.open(ours)
      assert.deepEqual(await ingests.open(theirs), { ingest: theirs, replayed: false })
      assert.deepEqual(await ingests.open(of('acme')), { ingest: ours, replayed: true })
    })

    test('no more ingests are open than allowed, of all and of one tenant', async () => {
      await using bench = await makeBench()
      const { ingests } = bench.engine
      const open = (tenant: string | undefined, maxOpen: number) => {
        const ingest = newIngest(bench)
        const draft = tenant === undefined ? ingest.draft : { ...ingest.draft, tenant }
        return ingests.open({ ...ingest, draft }, { maxOpen, maxOpenOfTenant: tenant === undefined ? undefined : 1 })
      }
      const { ingest } = await open('acme', 10)
      await assert.rejects(open('acme', 10), {
        code: 'TOO_MANY_INGESTS',
        message: /tenant acme/,
        retryAfterMs: Math.min(300_000, ingest.expiresAt - ingest.createdAt),
      })
      await open('zeta', 10)
      await open(undefined, 10)
      await assert.rejects(open(undefined, 3), { code: 'TOO_MANY_INGESTS', message: /^3 ingests are open/ })
      assert.deepEqual([await ingests.countOpen(), await ingests.countOpen('acme')], [3, 1])
      await ingests.close(ingest.jobId, bench.clock.now())
      await open('acme', 10)
    })

    test('completing a file is kept; repeating it changes nothing', async () => {
      await using bench = await makeBench()
      const { ingests } = bench.engine
      const { jobId } = newIngest(bench)
      await ingests.open(newIngest(bench, { jobId }))
      const etags = (ingest: Ingest | undefined): unknown => ingest?.files.map(({ id, etag }) => [id, etag])
      assert.deepEqual(etags(await ingests.completeFile(jobId, 'a', 'e-1')), [
        ['b', null],
        ['a', 'e-1'],
      ])
      assert.deepEqual(etags(await ingests.completeFile(jobId, 'a', 'e-2')), [
        ['b', null],
        ['a', 'e-1'],
      ])
      assert.equal(await ingests.completeFile('nowhere', 'a', 'e'), undefined)
    })

    test('open ingests are listed by expiry until they are closed or forgotten', async () => {
      await using bench = await makeBench()
      const { ingests } = bench.engine
      const now = bench.clock.now()
      const [first, second, third] = [3_000, 1_000, 2_000].map((inMs) => newIngest(bench, { expiresAt: now + inMs }))
      assert.ok(first && second && third)
      for (const ingest of [first, second, third]) await ingests.open(ingest)
      const open = async (): Promise<string[]> => (await ingests.listOpen(10)).map(({ jobId }) => jobId)
      assert.deepEqual(await open(), [second.jobId, third.jobId, first.jobId])
      assert.equal(await ingests.extend(second.jobId, now + 9_000), true)
      for (const at of [now, now + 1]) assert.equal(await ingests.close(third.jobId, at), true)
      assert.deepEqual(await open(), [first.jobId, second.jobId])
      assert.equal((await ingests.get(third.jobId))?.closedAt, now)
      assert.equal(await ingests.extend(third.jobId, now + 99_000), false)
      assert.equal((await ingests.get(third.jobId))?.expiresAt, now + 2_000)
      for (const isThere of [true, false]) assert.equal(await ingests.forget(first.jobId), isThere)
      assert.equal(await ingests.get(first.jobId), undefined)
      assert.equal(await ingests.close(first.jobId, now), false)
      assert.equal(await ingests.extend(first.jobId, now + 99_000), false)
      assert.equal(await ingests.countOpen(), 1)
    })

    test('an ingest that has ended takes no file and no extension, is not closed, and gives its key back', async () => {
      await using bench = await makeBench()
      const { ingests } = bench.engine
      const ingest = newIngest(bench, {}, ['key', 'hash'])
      const { jobId } = ingest
      await ingests.open(ingest)
      await ingests.completeFile(jobId, 'a', 'e')
      for (let time = 1; time <= 2; time++) assert.equal(await ingests.end(jobId), true)
      assert.equal(await ingests.completeFile(jobId, 'b', 'e'), undefined)
      assert.equal(await ingests.extend(jobId, ingest.expiresAt + 1), false)
      assert.equal(await ingests.close(jobId, bench.clock.now()), false)
      const ended = await ingests.get(jobId)
      assert.equal(ended?.expiresAt, ENDED_EXPIRY)
      assert.deepEqual(
        ended.files.map(({ etag }) => etag),
        [null, 'e'],
        'what it left can still be dropped',
      )
      const next = newIngest(bench, {}, ['key', 'other hash'])
      assert.deepEqual(await ingests.open(next), { ingest: next, replayed: false })
      const open = await ingests.listOpen(10)
      assert.deepEqual(
        open.map((each) => each.jobId),
        [jobId, next.jobId],
      )
    })

    test('what is not closed can be ended; by an instant, only what expires by then and is not complete', async () => {
      await using bench = await makeBench()
      const { ingests } = bench.engine
      const [complete, closed, place, other] = [{}, {}, { files: [] }, {}].map((wishes) => newIngest(bench, wishes))
      assert.ok(complete && closed && place && other)
      for (const ingest of [complete, closed, place, other]) await ingests.open(ingest)
      for (const id of ['a', 'b']) await ingests.completeFile(complete.jobId, id, 'e')
      await ingests.close(closed.jobId, bench.clock.now())
      for (const jobId of [closed.jobId, 'nowhere']) assert.equal(await ingests.end(jobId), false)
      assert.equal(await ingests.end(complete.jobId, complete.expiresAt), false)
      assert.equal(await ingests.end(complete.jobId), true)
      assert.equal(await ingests.end(complete.jobId, complete.expiresAt), true, 'it has ended')
      assert.equal(await ingests.end(other.jobId, other.expiresAt - 1), false)
      assert.deepEqual(await ingests.get(other.jobId), other)
      assert.equal(await ingests.end(other.jobId, other.expiresAt), true)
      assert.equal(await ingests.end(place.jobId, place.expiresAt), true)
      assert.equal(await ingests.forget(complete.jobId), false, 'it has ended')
      assert.equal(await ingests.get(complete.jobId), undefined)
      const late = ingests.open({ ...newIngest(bench), jobId: place.jobId })
      await assert.rejects(late, { code: 'ENGINE_UNAVAILABLE', message: /was dropped/ })
    })

    test('an end and the last file at one moment end as the one or the other', async () => {
      await using bench = await makeBench()
      const { ingests } = bench.engine
      for (let round = 0; round < 20; round++) {
        const { jobId } = (await ingests.open(newIngest(bench))).ingest
        await ingests.completeFile(jobId, 'a', 'e')
        const complete = ingests.completeFile(jobId, 'b', 'e')
        const [completed, isEnded] = await Promise.all([complete, ingests.end(jobId, bench.clock.now() + 60_000)])
        assert.equal(completed === undefined, isEnded, `round ${round}`)
      }
    })
  })
}
