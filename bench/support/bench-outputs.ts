import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AttemptOutputs } from '../../src/output/job-outputs.ts'
import { openOutputs } from '../../src/output/open-outputs.ts'
import { LocalStore } from '../../src/storage/local-store.ts'

const MIB = 1024 * 1024

/** A folder on the disk of the working directory: /tmp may be memory, where an fsync costs nothing. */
export async function benchFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(process.cwd(), '.tmp-bench-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Outputs of an attempt into a local store in `folder`, with the default sizes. */
export async function benchOutputs(folder: string, shardSizeBytes = 256 * MIB): Promise<AttemptOutputs> {
  const store = new LocalStore({ folder, signingSecret: 'x'.repeat(32) })
  await store.start()
  return openOutputs({
    store,
    bucket: 'bench',
    resultsPrefix: 'results',
    jobId: crypto.randomUUID(),
    attempt: 1,
    chunkSizeBytes: 64 * MIB,
    shardSizeBytes,
    signal: new AbortController().signal,
  })
}

/** Seconds that `work` takes. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}
