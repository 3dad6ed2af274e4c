import { clip } from '../base/clip.ts'
import { messageOf } from '../base/errors.ts'
import type { Claim, Page } from '../engine/job-engine.ts'
import { checkScratch } from '../input/disk-space.ts'
import { type FetchedFile, type FetchOptions, fetchInputs } from '../input/fetch-inputs.ts'
import { type ManifestOptions, readManifest } from '../input/manifest.ts'
import type { ObjectAccess } from '../input/object-access.ts'
import type { FileState, JobFile, JsonValue, ManifestEntry, OutputObject } from '../job/job.ts'
import { NO_RESOURCES } from '../job/resources.ts'
import type { Outcome } from '../job/settlement.ts'
import type { Execution, Executor } from '../processor/executor.ts'
import { checkFileMark } from '../processor/file-mark.ts'
import { AttemptRun, type RunParts } from './attempt-run.ts'
import { outcomeOf } from './outcome.ts'
import { settleUntilDone } from './settle-until-done.ts'

/** What an attempt stands on. */
export interface AttemptParts extends RunParts {
  executor: Executor
  /** Takes secrets out of what the processor threw. */
  redact(text: string): string
  manifest: Omit<ManifestOptions, 'signal'>
  objectAccess: ObjectAccess
  fetch: Omit<FetchOptions, 'folder' | 'signal' | 'only' | 'onFile' | 'onProgress'>
}

/** Files a retry of failed files leaves alone: those that came to a good end. */
const SETTLED: readonly FileState[] = ['done', 'skipped']

/**
 * Runs one attempt from its manifest to its verdict. What goes wrong becomes the outcome; rejects only when `giveUp`
 * aborts while the verdict cannot be written.
 */
export async function runAttempt(claim: Claim, parts: AttemptParts, giveUp: AbortSignal): Promise<void> {
  await using run = new AttemptRun(claim, parts)
  const outcome = await workThrough(run, parts).catch((thrown: unknown) => outcomeOf(thrown, run.signal, parts.redact))
  run.endTimeLimit()
  // Once the worker gave it up, the job may run again, as the same attempt, and write what is listed in its place.
  if (outcome?.type !== 'completed' && !giveUp.aborted) await discardOutputs(run)
  if (outcome !== undefined) await run.watch.stage('settle', () => settle(run, { ...parts, giveUp }, outcome))
}

async function workThrough(run: AttemptRun, parts: AttemptParts): Promise<Outcome> {
  const { watch } = run
  const files = await watch.stage('download', () => loadInputs(run, parts), fetchedBytes)
  const result = await watch.stage('process', () => execute(run, parts, files))
  const outputs = await watch.stage('output', () => closeOutputs(run), sizeOf)
  return { type: 'completed', result, outputs }
}

async function loadInputs(run: AttemptRun, parts: AttemptParts): Promise<FetchedFile[]> {
  const { scratchBytes } = run.job.resources ?? NO_RESOURCES
  if (scratchBytes > 0) await checkScratch(run.workDir(), scratchBytes)
  return fetchFiles(run, parts, await loadManifest(run, parts))
}

async function loadManifest(run: AttemptRun, parts: AttemptParts): Promise<ManifestEntry[]> {
  run.journal.progress({ stage: 'download', message: 'start' })
  const { tenant, manifest } = run.job
  await parts.objectAccess.checkSource(tenant, manifest)
  const entries = await readManifest(manifest, { ...parts.manifest, signal: run.signal })
  if ('uri' in manifest) await parts.objectAccess.check(tenant, entries)
  run.journal.filesTotal(entries.length)
  return entries
}

async function fetchFiles(run: AttemptRun, parts: AttemptParts, entries: ManifestEntry[]): Promise<FetchedFile[]> {
  const only = run.job.failedFilesOnly ? await unsettledFiles(run, parts, entries.length) : undefined
  const files = await fetchInputs(entries, {
    ...parts.fetch,
    folder: () => run.inputDir(),
    signal: run.signal,
    onFile: (row) => run.journal.file(row),
    onProgress: (progress) => run.journal.progress({ stage: 'download', ...progress }),
    ...(only && { only }),
  })
  run.journal.progress({ stage: 'download', message: 'complete' })
  return files
}

/** Every other file: an attempt that ended early may have left files that the ledger does not know yet. */
async function unsettledFiles(run: AttemptRun, { jobs }: AttemptParts, total: number): Promise<Set<number>> {
  const unsettled = new Set(Array(total).keys())
  let cursor: string | null | undefined
  do {
    const query = { limit: 1000, states: SETTLED, ...(cursor && { cursor }) }
    const page: Page<JobFile> = await jobs.files(run.job.id, query)
    for (const row of page.items) unsettled.delete(row.index)
    cursor = page.next
  } while (cursor)
  return unsettled
}

/** Files that a processor reads by itself have no path. */
function fetchedBytes(files: readonly FetchedFile[]): number {
  return sizeOf(files.filter(({ path }) => path !== ''))
}

function sizeOf(files: readonly { sizeBytes: number }[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

async function execute(run: AttemptRun, parts: AttemptParts, files: FetchedFile[]): Promise<JsonValue> {
  const { journal, job, signal } = run
  journal.progress({ stage: 'processing', percent: 0 })
  const result = await parts.executor.execute({
    jobId: job.id,
    attempt: run.lease.attempt,
    files,
    parameters: job.parameters,
    checkpoint: job.checkpoint,
    resources: job.resources,
    schedule: job.schedule,
    workDir: run.workDir,
    signal,
    traceparent: run.watch.traceparent,
    get log() {
      return run.log
    },
    get outputs() {
      return run.outputs
    },
    onProgress: (progress) => journal.progress(progress),
    onStrayError: (thrown) => run.failFor(thrown),
    saveCheckpoint: (document) => journal.checkpoint(document),
    markFile: fileMarker(run, files),
  })
  journal.progress({ stage: 'processing', percent: 100 })
  return result
}

function fileMarker(run: AttemptRun, files: FetchedFile[]): Execution['markFile'] {
  const byIndex = new Map<number, FetchedFile>()
  return (index, state, error) => {
    if (byIndex.size === 0) for (const file of files) byIndex.set(file.index, file)
    const file = byIndex.get(index)
    checkFileMark(file !== undefined, index, state)
    if (file === undefined) return
    const { uri, sizeBytes, etag, sha256 } = file
    run.journal.file({ index, uri, state, sizeBytes, etag, sha256, error: textOf(error) })
  }
}

/** The error of a file is a text for people; in characters. */
const MAX_FILE_ERROR_LENGTH = 2000

function textOf(error: unknown): string | null {
  return error === undefined || error === null ? null : clip(messageOf(error), MAX_FILE_ERROR_LENGTH)
}

async function closeOutputs(run: AttemptRun): Promise<readonly OutputObject[]> {
  const outputs = (await run.openedOutputs?.commit()) ?? []
  run.signal.throwIfAborted()
  return outputs
}

async function discardOutputs(run: AttemptRun): Promise<void> {
  await run.openedOutputs?.discard().catch((failure: unknown) => run.warn('could not discard outputs', failure))
}

async function settle(run: AttemptRun, parts: AttemptParts & { giveUp: AbortSignal }, outcome: Outcome): Promise<void> {
  const completed = outcome.type === 'completed'
  if (completed) run.journal.progress({ stage: 'completed', percent: 100 })
  const changes = await run.journal.close()
  const onError = (failure: unknown): void => run.warn('could not settle an attempt; trying again', failure)
  const settled = await settleUntilDone({ ...parts, onError }, run.lease, outcome, {
    ...changes,
    ...(completed && { markDownloadedDone: true }),
  })
  run.watch.settled(outcome, settled)
  if (completed && settled?.state !== 'completed' && !parts.giveUp.aborted) await discardOutputs(run)
}
