import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { JobClient } from '@longshore/client'
import type { JobClient as NodeClient } from '@longshore/client/node'
import { BaseProcessor, z } from '../../src/index.ts'
import { jobBody } from './job-body.ts'
import { rejects } from './rejects.ts'
import { tinyServer } from './tiny-server.ts'

const Parameters = z.object({ threshold: z.number(), since: z.date().optional() })
const Result = z.object({ images: z.number(), at: z.date(), note: z.string().optional(), tags: z.array(z.string()) })

class Classifier extends BaseProcessor<typeof Result, typeof Parameters> {
  readonly name = 'classifier'
  readonly version = '1.0.0'
  readonly resultSchema = Result
  override readonly parametersSchema = Parameters
  async processInput() {
    return { images: 1, at: new Date(), tags: [] }
  }
}

class Free extends BaseProcessor {
  readonly name = 'free'
  readonly version = '1.0.0'
  readonly resultSchema = z.unknown()
  async processInput() {}
}

const FILES = { manifest_inline: { files: ['s3://bucket/key'] } }
const RESULT = { images: 3, at: '2026-01-01T00:00:00.000Z', tags: ['copepod'] }

/** The compiler checks the bodies of these; the lines that must not compile say so. Nothing runs them. */
export const mustCompileAsMarked = [
  async (client: JobClient<typeof Classifier>) => {
    await client.submitJob({ ...FILES, parameters: { threshold: 1 } })
    await client.submitJob({ ...FILES, parameters: { threshold: 1, since: '2026-01-01T00:00:00Z' } })
    // @ts-expect-error a wrong type
    await client.submitJob({ ...FILES, parameters: { threshold: 'high' } })
    // @ts-expect-error a name that the schema does not have
    await client.submitJob({ ...FILES, parameters: { threshold: 1, treshold: 2 } })
    // @ts-expect-error JSON carries no Date
    await client.submitJob({ ...FILES, parameters: { threshold: 1, since: new Date() } })
    // @ts-expect-error required parameters are missing
    await client.submitJob(FILES)
    await client.uploadFiles([], { parameters: { threshold: 1 } })
    await client.uploadFiles([], { resume: 'a job that has its parameters' })
    // @ts-expect-error required parameters are missing
    await client.uploadFiles([])
    // @ts-expect-error required parameters are missing
    await client.uploadFiles([], { concurrency: 2 })
  },
  async (client: JobClient<typeof Classifier>) => {
    const { result } = await client.waitForJob('id', { onProgress: ({ result }) => result?.images })
    const images: number = result.images
    const at: string = result.at
    const note: string | undefined = result.note
    // @ts-expect-error what was a Date arrives as a string
    result.at.getTime()
    // @ts-expect-error a name that the schema does not have
    result.shapes
    // @ts-expect-error a job that is only read may have no result
    ;(await client.getJob('id')).result.images
    return { images, at, note }
  },
  async (client: NodeClient<typeof Classifier>) => {
    await client.uploadFiles(['a.bin'], { parameters: { threshold: 1 } })
    await client.uploadDirectory('bins', { include: ['*.roi'], parameters: { threshold: 1 } })
    // @ts-expect-error required parameters are missing
    await client.uploadFiles(['a.bin'])
    // @ts-expect-error required parameters are missing
    await client.uploadDirectory('bins', { include: ['*.roi'] })
    await client.process(['a.bin'], { parameters: { threshold: 1 }, outputDir: 'out' })
    // @ts-expect-error required parameters are missing, and nothing is resumed
    await client.process(['a.bin'], { resume: 'id' })
  },
  async (client: JobClient, free: JobClient<typeof Free>) => {
    await client.submitJob(FILES)
    await client.submitJob({ ...FILES, parameters: { anything: [1, null] } })
    await free.submitJob(FILES)
    await free.uploadFiles([])
    // @ts-expect-error a result of which nothing is known is not used unseen
    ;(await client.waitForJob('id')).result.images
  },
  async () => {
    const client = new JobClient({ url: 'http://127.0.0.1:1', schemas: { parameters: Parameters, result: Result } })
    await client.submitJob({ ...FILES, parameters: { threshold: 1 } })
    // @ts-expect-error a wrong type
    await client.submitJob({ ...FILES, parameters: { threshold: 'high' } })
    const images: number = (await client.waitForJob('id')).result.images
    // @ts-expect-error a wrong use of the result
    const text: string = (await client.waitForJob('id')).result.images
    // @ts-expect-error no schema
    new JobClient({ url: 'http://127.0.0.1:1', schemas: { result: 'text' } })
    return { images, text }
  },
]

describe('a client with schemas', () => {
  const schemas = { result: z.object({ images: z.number(), at: z.iso.datetime(), tags: z.array(z.string()) }) }

  test('gives a result that fits, as JSON carries it', async () => {
    await using server = await tinyServer(() => ({ body: jobBody('completed', { result: RESULT }) }))
    const { result } = await new JobClient({ url: server.url, schemas }).waitForJob('id')
    const first: string | undefined = result.tags[0]
    assert.deepEqual([result, first], [RESULT, 'copepod'])
  })

  test('says where a result is not as expected, and which processor made it', async () => {
    await using server = await tinyServer(() => ({
      body: jobBody('completed', { result: { ...RESULT, images: 'many' } }),
    }))
    const client = new JobClient({ url: server.url, schemas })
    for (const job of [client.waitForJob('id'), client.getJob('id')]) {
      await rejects(job, {
        code: 'RESULT_UNEXPECTED',
        message: /made by digests 1\.0\.0: .*expected number.*images/s,
        retryable: false,
      })
    }
  })

  test('lists jobs whatever their results', async () => {
    await using server = await tinyServer(() => ({ body: [jobBody('completed', { result: 'of an older version' })] }))
    assert.equal((await new JobClient({ url: server.url, schemas }).listJobs()).jobs.length, 1)
  })
})
