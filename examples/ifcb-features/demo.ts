import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DownloadedFile, JobClient } from '@longshore/client/node'
import { startDemoService } from './demo-service.ts'
import { DemoSteps, kib } from './demo-steps.ts'
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

  const files = await processBins(
    client,
    bins.flatMap(({ hdr, adc, roi }) => [hdr, adc, roi]),
    join(folder, 'results'),
    stop,
  )
  await printFeatures(files)
  printOutputs(files)
}

/** All of it in one call: the upload, the job, and its outputs on this disk. */
async function processBins(
  client: JobClient,
  paths: readonly string[],
  outputDir: string,
  signal: AbortSignal,
): Promise<readonly DownloadedFile[]> {
  const steps = new DemoSteps()
  try {
    const options = { outputDir, signal, onProgress: steps.show.bind(steps) }
    return (await client.process(paths, options)).downloaded
  } finally {
    steps.stop()
  }
}

async function printFeatures(files: readonly DownloadedFile[]): Promise<void> {
  const records: FeatureRecord[] = []
  for (const { path } of files.filter(({ uri }) => uri.endsWith('.jsonl'))) {
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    records.push(...lines.map((line) => featureRecordSchema.parse(JSON.parse(line))))
  }
  console.log(`\nFeatures of the first ${SHOWN} of ${records.length} images, lengths in pixels:\n`)
  console.log(featureTable(records.slice(0, SHOWN)))
}

function printOutputs(files: readonly DownloadedFile[]): void {
  console.log('\nOutputs, by their URI and where they lie on this disk:\n')
  for (const { uri, path, sizeBytes } of files) console.log(`${uri}  ${kib(sizeBytes)}\n  ${path}`)
}

function abortedWhen(died: Promise<Error>): AbortSignal {
  const controller = new AbortController()
  died.then((reason) => controller.abort(reason))
  return controller.signal
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
