import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JobClient, type JobOutput } from '@longshore/client'
import { fileAt } from '@longshore/client/node'
import { showStep } from './demo-progress.ts'
import { startDemoService } from './demo-service.ts'
import { featureTable } from './demo-table.ts'
import { type FeatureRecord, featureRecordSchema } from './feature-record.ts'
import { writeSampleBins } from './sample-bins.ts'

/** Rows of the table. */
const SHOWN = 10

/** Made-up bins go in by upload, are processed with progress, and come out as a table and as files that stay. */
async function demo(signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-demo-'))
  const bins = await writeSampleBins(join(folder, 'bins'), { count: 4, targets: 60 })
  console.log(`${bins.length} sample bins (made up, of both instrument generations) lie in ${join(folder, 'bins')}`)

  await using service = await startDemoService(folder)
  const stop = AbortSignal.any([signal, abortedWhen(service.died)])
  const client = new JobClient({ url: service.url })
  const { name, version } = await client.health({ signal: stop })
  console.log(`The service ${name} ${version} listens on ${service.url}\n`)

  const jobId = await uploadBins(
    client,
    bins.flatMap(({ hdr, adc, roi }) => [hdr, adc, roi]),
    stop,
  )
  await followJob(client, jobId, stop)
  const outputs = await client.outputs(jobId, { signal: stop })
  await printFeatures(client, outputs, stop)
  printOutputs(outputs, join(service.dataDir, 'objects'))
}

async function uploadBins(client: JobClient, paths: readonly string[], signal: AbortSignal): Promise<string> {
  const step = showStep('Uploading')
  try {
    return await client.uploadFiles(await Promise.all(paths.map((path) => fileAt(path))), {
      signal,
      onProgress: ({ sentBytes, totalBytes, sentFiles, totalFiles }) =>
        step.update(
          (100 * sentBytes) / totalBytes,
          `${kib(sentBytes)} of ${kib(totalBytes)}, ${sentFiles} of ${totalFiles} files`,
        ),
    })
  } finally {
    step.stop()
  }
}

async function followJob(client: JobClient, jobId: string, signal: AbortSignal): Promise<void> {
  const step = showStep('Processing')
  try {
    await client.waitForJob(jobId, {
      signal,
      onProgress: ({ progress }) => {
        // Of the stages only this one has images to count.
        if (progress?.stage === 'processing') step.update(progress.percent ?? 0, progress.message ?? '')
        if (progress?.stage === 'completed') step.update(100, 'done')
      },
    })
  } finally {
    step.stop()
  }
}

async function printFeatures(client: JobClient, outputs: readonly JobOutput[], signal: AbortSignal): Promise<void> {
  const records: FeatureRecord[] = []
  for (const { url } of outputs.filter(({ uri }) => uri.endsWith('.jsonl'))) {
    const lines = (await (await client.download(url, { signal })).text()).trimEnd().split('\n')
    records.push(...lines.map((line) => featureRecordSchema.parse(JSON.parse(line))))
  }
  console.log(`\nFeatures of the first ${SHOWN} of ${records.length} images, lengths in pixels:\n`)
  console.log(featureTable(records.slice(0, SHOWN)))
}

function printOutputs(outputs: readonly JobOutput[], storeFolder: string): void {
  console.log('\nOutputs, by their URI and where they lie on this disk:\n')
  for (const { uri, size_bytes } of outputs) {
    console.log(`${uri}  ${kib(size_bytes)}\n  ${join(storeFolder, uri.slice('s3://'.length))}`)
  }
}

function abortedWhen(died: Promise<Error>): AbortSignal {
  const controller = new AbortController()
  died.then((reason) => controller.abort(reason))
  return controller.signal
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`
}

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first one stops the service and waits for it; who asks twice will not wait.
    if (interrupt.signal.aborted) process.exit(1)
    interrupt.abort(new Error('Interrupted.'))
  })
}
try {
  await demo(interrupt.signal)
} catch (failure) {
  console.error(`\nThe demo failed: ${failure instanceof Error ? failure.message : failure}`)
  process.exitCode = 1
}
