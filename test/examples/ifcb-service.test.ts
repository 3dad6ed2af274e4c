import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Job, JobClient, JobFailedError } from '@longshore/client'
import { fileAt } from '@longshore/client/node'
import { decode } from 'fast-png'
import { z } from 'zod'
import { type FeatureRecord, featureRecordSchema } from '../../examples/ifcb-features/feature-record.ts'
import { resultSchema } from '../../examples/ifcb-features/job-schemas.ts'
import { makeSampleBin, writeSampleBins } from '../../examples/ifcb-features/sample-bins.ts'
import { ResultsIndex, ShardIndex } from '../../src/contract/output.ts'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { needsRealBins, REAL_BINS } from './ifcb-real-bins.ts'
import { formFiles, submitForm } from './submit-form.ts'

const MAIN = fileURLToPath(new URL('../../examples/ifcb-features/main.ts', import.meta.url))
const REAL = 'D20130526T095207_IFCB013'

const expectedSchema = z.object({
  images: z.number(),
  targets: z.number(),
  pixels: z.number(),
  sample: z.array(z.object({ target: z.number(), width: z.number(), height: z.number(), sha256_16: z.string() })),
})

let folder: Awaited<ReturnType<typeof tempFolder>>
let service: Awaited<ReturnType<typeof startService>>
let client: JobClient

before(async () => {
  folder = await tempFolder()
  service = await startService({ DATA_DIR: join(folder.path, 'data') }, MAIN)
  client = new JobClient({ url: service.url })
})

after(async () => {
  assert.equal(await service.kill('SIGTERM'), 0)
  await folder[Symbol.asyncDispose]()
})

describe('real bins through the service', needsRealBins, () => {
  test('the real bin comes out as its 19 images, each with its pixels, its mask and its line', async () => {
    const expected = expectedSchema.parse(JSON.parse(await readFile(join(REAL_BINS, 'expected.json'), 'utf8')))
    const job = await submitBins(binPaths(REAL_BINS, REAL))
    assert.deepEqual([job.status, job.error], ['completed', null])
    const result = resultSchema.parse(job.result)
    assert.deepEqual(result.bins, [{ bin: REAL, targets: expected.targets, images: expected.images }])
    const { records, pictures, index } = await collect(job.job_id)
    assert.equal(records.length, 19)
    assert.equal(new Set(records.map(({ record_id }) => record_id)).size, 19)
    assert.equal(
      records.reduce((sum, { width, height }) => sum + width * height, 0),
      expected.pixels,
    )
    assert.deepEqual(
      [...records.slice(0, 3), ...records.slice(-1)].map((record) => facts(record, pictures)),
      expected.sample,
    )
    for (const { bin, record_id, area } of records) {
      const mask = pictures.get(`${bin}/${record_id}.mask.png`)
      assert.equal(mask && decode(mask).data.filter((level) => level === 255).length, area)
    }
    assert.equal(pictures.size, 38)
    assert.deepEqual(index.metrics, {
      bins: 1,
      skipped_bins: 0,
      images: 19,
      objects: result.objects,
      pixels: expected.pixels,
    })
  })

  test('the empty bin completes with no records', async () => {
    const job = await submitBins(binPaths(join(REAL_BINS, 'empty'), 'D20150411T205456_IFCB012'))
    assert.deepEqual([job.status, job.error], ['completed', null])
    const { images, records, pictures } = resultSchema.parse(job.result)
    assert.deepEqual({ images, records, pictures }, { images: 0, records: [], pictures: [] })
    assert.deepEqual(
      (await client.outputs(job.job_id)).map(({ uri }) => uri.split('/').at(-1)),
      ['results.json'],
    )
  })

  test('the invalid bin fails at once with what a biologist has to know, and its files are marked', async () => {
    const stem = 'D20130101T101010_IFCB099'
    const job = await submitBins(binPaths(join(REAL_BINS, 'invalid'), stem))
    assert.deepEqual([job.status, job.attempt, job.files.failed], ['failed', 1, 3])
    assert.match(
      job.error ?? '',
      /^D20130101T101010_IFCB099\.hdr is empty \(0 bytes\): bin .* was not recorded properly/,
    )
    assert.deepEqual(await client.outputs(job.job_id), [])
  })
})

describe('sample bins through the service', () => {
  test('bins of both generations go in one job, uploaded by the client', async () => {
    const bins = await writeSampleBins(join(folder.path, 'both'), { count: 2, targets: 12 })
    const made = [0, 1].map((number) => makeSampleBin(number, 12, 1))
    const messages: string[] = []
    const files = await Promise.all(bins.flatMap(({ hdr, adc, roi }) => [hdr, adc, roi]).map((path) => fileAt(path)))
    const job = await client.waitForJob(await client.uploadFiles(files), {
      onProgress: ({ progress }) => messages.push(progress?.message ?? ''),
    })
    assert.deepEqual([job.status, job.error], ['completed', null])
    assert.deepEqual(
      resultSchema.parse(job.result).bins,
      made.map(({ id, rows, images }) => ({ bin: id.stem, targets: rows.length, images: images.length })),
    )
    const { records } = await collect(job.job_id)
    assert.deepEqual(
      records.map(({ bin, width, height }) => [bin, width, height]),
      made.flatMap(({ id, images }) => images.map(({ width, height }) => [id.stem, width, height])),
    )
    assert.deepEqual([job.files.done, job.progress?.stage, job.progress?.percent], [6, 'completed', 100])
  })

  test('a job with an incomplete bin fails before any work, and says which file is missing', async () => {
    const bins = await writeSampleBins(join(folder.path, 'incomplete'), { count: 2, targets: 4 })
    const [whole, half] = bins
    assert.ok(whole && half)
    const job = await submitBins([whole.hdr, whole.adc, whole.roi, half.hdr, half.roi])
    assert.deepEqual([job.status, job.attempt, job.files.failed], ['failed', 1, 2])
    assert.equal(
      job.error,
      `Bin ${half.id.stem} is incomplete: ${half.id.stem}.adc is missing. A bin is three files of one name: .hdr, .adc and .roi.`,
    )
  })

  test('a bad bin is left out, and named in the result, when the job asks for it', async () => {
    const bins = await writeSampleBins(join(folder.path, 'skip'), { count: 2, targets: 4 })
    const [whole, half] = bins
    assert.ok(whole && half)
    const job = await submitBins([whole.hdr, whole.adc, whole.roi, half.hdr, half.roi], { bad_bins: 'skip' })
    assert.deepEqual([job.status, job.files.done, job.files.failed], ['completed', 3, 2])
    const { bins: done, skipped_bins } = resultSchema.parse(job.result)
    assert.deepEqual(
      [done.map(({ bin }) => bin), skipped_bins.map(({ bin }) => bin)],
      [[whole.id.stem], [half.id.stem]],
    )
  })

  test('several bad bins are all named at once', async () => {
    const files = ['cells.hdr', 'D20240101T000000_IFCB1.roi'].map((name) => ({ name, data: 'x' }))
    const job = await endOf(await submitForm(service.url, files))
    assert.match(
      job.error ?? '',
      /^2 of 2 bins cannot be read:\n {2}"cells" is not .*renamed\?\n {2}Bin D20240101T000000_IFCB1 is/,
    )
  })

  test('a parameter that does not exist is refused when the job is submitted', async () => {
    await assert.rejects(submitForm(service.url, [{ name: 'a.hdr', data: 'x' }], { blur: 3 }), /PARAMETERS_INVALID/)
  })

  test('the same bins give the same bytes', async () => {
    const [bin] = await writeSampleBins(join(folder.path, 'same'), { count: 1, targets: 8 })
    assert.ok(bin)
    const digests = async () => {
      const job = await submitBins([bin.hdr, bin.adc, bin.roi])
      const outputs = await client.outputs(job.job_id)
      return outputs.filter(({ uri }) => !uri.endsWith('results.json')).map(({ sha256 }) => sha256)
    }
    assert.deepEqual(await digests(), await digests())
  })
})

async function submitBins(paths: readonly string[], parameters?: unknown): Promise<Job> {
  return endOf(await submitForm(service.url, await formFiles(paths), parameters))
}

/** The job as it ended, well or badly. */
async function endOf(jobId: string): Promise<Job> {
  return client.waitForJob(jobId).catch((failure: unknown) => {
    if (failure instanceof JobFailedError) return failure.job
    throw failure
  })
}

function binPaths(directory: string, stem: string): string[] {
  return ['hdr', 'adc', 'roi'].map((extension) => join(directory, `${stem}.${extension}`))
}

/** Downloads what a job left: its lines, the members of its shard by name, and its index. */
async function collect(jobId: string) {
  const outputs = await client.outputs(jobId)
  const fetchOne = async (name: string): Promise<Uint8Array> => {
    const output = outputs.find(({ uri }) => uri.endsWith(`/${name}`))
    assert.ok(output, `${name} is not among the outputs`)
    const bytes = new Uint8Array(await (await client.download(output.url)).arrayBuffer())
    assert.deepEqual([bytes.length, sha256(bytes)], [output.size_bytes, output.sha256])
    return bytes
  }
  const json = async (name: string): Promise<unknown> => JSON.parse(Buffer.from(await fetchOne(name)).toString())
  const lines = Buffer.from(await fetchOne('responses_00000.jsonl'))
    .toString()
    .trimEnd()
    .split('\n')
  const { items } = ShardIndex.parse(await json('artifacts_00000.json'))
  const tar = await fetchOne('artifacts_00000.tar')
  return {
    records: lines.map((line) => featureRecordSchema.parse(JSON.parse(line))),
    pictures: new Map(items.map(({ name, offset, size_bytes }) => [name, tar.subarray(offset, offset + size_bytes)])),
    index: ResultsIndex.parse(await json('results.json')),
  }
}

function facts({ bin, record_id, target, width, height }: FeatureRecord, pictures: Map<string, Uint8Array>) {
  const png = pictures.get(`${bin}/${record_id}.png`)
  assert.ok(png, `${record_id} has no picture`)
  return { target, width, height, sha256_16: sha256(Uint8Array.from(decode(png).data)).slice(0, 16) }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
