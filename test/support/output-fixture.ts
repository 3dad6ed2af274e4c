import { type OpenOutputsOptions, openOutputs } from '../../src/output/open-outputs.ts'
import { MemoryStore } from './memory-store.ts'

export const JOB_ID = '0198c0de-0000-7000-8000-000000000001'

/** Outputs of a first attempt into a fresh memory store, in bucket `out`. */
export function openTestOutputs(options: Partial<Omit<OpenOutputsOptions, 'store'>> & { store?: MemoryStore } = {}) {
  const store = options.store ?? new MemoryStore()
  const outputs = openOutputs({
    store,
    bucket: 'out',
    resultsPrefix: 'results',
    jobId: JOB_ID,
    attempt: 1,
    chunkSizeBytes: 64 * 1024 * 1024,
    shardSizeBytes: 256 * 1024 * 1024,
    signal: new AbortController().signal,
    ...options,
  })
  const base = `s3://out/results/${JOB_ID}/`
  const textOf = (name: string): string | undefined => store.objects.get(base + name)?.toString()
  return { store, outputs, base, textOf }
}
