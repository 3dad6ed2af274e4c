import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rmdirSync, statSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { DownloadError, JobClient as UniversalClient } from '@longshore/client'
import { JobClient, type ProcessToDiskProgress } from '@longshore/client/node'
import { openScriptedService, type Script } from '../support/scripted-service.ts'
import { tempFolder } from '../support/temp-folder.ts'

/** Writes each input back as an output, in upper case. */
const shout: Script = async ({ localPaths, outputs }, report) => {
  for (const path of localPaths) {
    report({ percent: 50 })
    const output = outputs.file('loud.txt')
    await output.write((await readFile(path, 'utf8')).toUpperCase())
    await output.close()
  }
  return { files: localPaths.length }
}

/** Runs until it is told to stop. */
const forever: Script = async ({ signal }) => {
  if (!signal.aborted) await once(signal, 'abort')
  signal.throwIfAborted()
}

const HELLO = { name: 'hello.txt', data: new Blob(['hello']) }

describe('processing', () => {
  test('uploads, waits and lists what the job left', async () => {
    await using service = await openScriptedService(shout)
    const { job, outputs } = await new UniversalClient({ url: service.api.url }).process([HELLO], {
      job: { labels: { run: '42' } },
    })
    assert.deepEqual([job.status, job.result, job.labels], ['completed', { files: 1 }, { run: '42' }])
    assert.deepEqual(
      outputs.map(({ uri, size_bytes }) => [uri, size_bytes]),
      [[`s3://longshore/results/${job.job_id}/loud.txt`, 5]],
    )
  })

  test('on Node reads paths and puts the outputs into a folder, and tells every stage in order', async () => {
    await using service = await openScriptedService(shout)
    await using folder = await tempFolder()
    const seen: ProcessToDiskProgress[] = []
    const path = join(import.meta.dirname, 'process.test.ts')
    const { job, downloaded } = await new JobClient({ url: service.api.url }).process([path], {
      outputDir: folder.path,
      onProgress: (progress) => seen.push(progress),
    })
    const place = join(folder.path, job.job_id, 'loud.txt')
    assert.deepEqual([downloaded[0]?.path, downloaded[0]?.skipped], [place, false])
    assert.equal(await readFile(place, 'utf8'), (await readFile(path, 'utf8')).toUpperCase())
    const stages = seen.map(({ stage }) => stage)
    assert.deepEqual([...new Set(stages)], ['upload', 'job', 'download'])
    assert.deepEqual(
      stages,
      stages.toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)),
    )
    const last = seen.at(-1)
    assert.ok(last?.stage === 'download' && last.receivedFiles === 1 && last.receivedBytes === last.totalBytes)
  })

  test('on Node downloads nothing without a folder', async () => {
    await using service = await openScriptedService(shout)
    const { outputs, downloaded } = await new JobClient({ url: service.api.url }).process([HELLO])
    assert.deepEqual([outputs.length, downloaded], [1, []])
  })

  test('names the job when its outputs cannot be written, so that they can be downloaded elsewhere', async () => {
    await using service = await openScriptedService(shout)
    await using folder = await tempFolder()
    const client = new JobClient({ url: service.api.url })
    const outputDir = join(folder.path, 'results')
    const turnIntoFile = ({ stage }: ProcessToDiskProgress): void => {
      if (stage !== 'job' || !statSync(outputDir).isDirectory()) return
      rmdirSync(outputDir)
      writeFileSync(outputDir, '')
    }
    const processing = client.process([HELLO], { outputDir, onProgress: turnIntoFile })
    const jobId = await processing.then(
      () => assert.fail('a file took the place of a folder'),
      (failure) => failure instanceof DownloadError && failure.code === 'CANNOT_WRITE' && failure.jobId,
    )
    assert.ok(jobId)
    assert.equal((await client.downloadFiles(await client.outputs(jobId), folder.path)).length, 1)
  })

  test('is refused before a byte is sent when the folder of the outputs cannot be written', async () => {
    await using service = await openScriptedService(shout)
    const client = new JobClient({ url: service.api.url })
    await assert.rejects(client.process([HELLO], { outputDir: import.meta.filename }), {
      code: 'CANNOT_WRITE',
      message: /process\.test\.ts, so nothing was uploaded: EEXIST/,
    })
    assert.deepEqual((await client.listJobs()).jobs, [])
  })

  test('rejects as waiting does when the job fails, and leaves the job as it is', async () => {
    await using service = await openScriptedService(() => Promise.reject(new Error('this cannot be')), {
      MAX_ATTEMPTS: '1',
    })
    const processing = new JobClient({ url: service.api.url }).process([HELLO])
    await assert.rejects(processing, { name: 'JobFailedError', message: /this cannot be/ })
  })
})

describe('an abort', () => {
  test('during the upload leaves neither a job nor an upload', async () => {
    await using service = await openScriptedService(shout)
    const stop = new AbortController()
    const client = new JobClient({ url: service.api.url })
    let jobId = ''
    const processing = client.process([{ name: 'large.bin', data: new Blob([Buffer.alloc(12 * 1024 * 1024)]) }], {
      signal: stop.signal,
      onStarted: (id) => {
        jobId = id
        stop.abort(new Error('changed my mind'))
      },
    })
    await assert.rejects(processing, /changed my mind/)
    await assert.rejects(client.getJob(jobId), { name: 'JobNotFoundError' })
    assert.equal((await fetch(`${service.api.url}/ingest/${jobId}`)).status, 404)
  })

  for (const [what, options] of [
    ['an abort', {}],
    ['the end of its time', { timeoutMs: 1500 }],
  ] as const) {
    test(`while the job runs asks it to stop: ${what}`, async () => {
      await using service = await openScriptedService(forever)
      const stop = new AbortController()
      let jobId = ''
      const processing = new JobClient({ url: service.api.url }).process([HELLO], {
        ...options,
        signal: stop.signal,
        onProgress: (progress) => {
          if (progress.stage !== 'job') return
          jobId = progress.job.job_id
          if (what === 'an abort' && progress.job.status === 'processing') stop.abort(new Error('gone home'))
        },
      })
      await assert.rejects(processing, what === 'an abort' ? /gone home/ : { code: 'TIMED_OUT' })
      const job = await service.api.until(jobId, ({ status }) => status === 'cancelled')
      assert.ok(job.cancel_requested_at !== null)
    })
  }

  test('while the job runs leaves it running with `keep`', async () => {
    const finish = Promise.withResolvers<string>()
    await using service = await openScriptedService(() => finish.promise)
    const stop = new AbortController()
    let jobId = ''
    const processing = new JobClient({ url: service.api.url }).process([HELLO], {
      onAbort: 'keep',
      signal: stop.signal,
      onStarted: (id) => {
        jobId = id
      },
      onProgress: (progress) => {
        if (progress.stage === 'job' && progress.job.status === 'processing') stop.abort(new Error('gone home'))
      },
    })
    await assert.rejects(processing, /gone home/)
    finish.resolve('done')
    const job = await service.api.ended(jobId)
    assert.deepEqual([job.status, job.cancel_requested_at, job.result], ['completed', null, 'done'])
  })

  test('during the download leaves no file', async () => {
    await using service = await openScriptedService(shout)
    await using folder = await tempFolder()
    const stop = new AbortController()
    const processing = new JobClient({ url: service.api.url }).process([HELLO], {
      outputDir: folder.path,
      signal: stop.signal,
      onProgress: ({ stage }) => stage === 'download' && stop.abort(new Error('no longer')),
    })
    await assert.rejects(processing, /no longer/)
    const left = await readdir(folder.path, { recursive: true, withFileTypes: true })
    assert.deepEqual(
      left.filter((entry) => entry.isFile()),
      [],
    )
  })
})

const ORDER = ['upload', 'job', 'download']
