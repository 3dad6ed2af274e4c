import type { Reader } from './answers.ts'
import { ApiError, aboutJob, JobCancelledError, JobFailedError, JobTimeoutError, NetworkError } from './errors.ts'
import { isFinal, jobEvents } from './job-events.ts'
import type { Typing } from './processor-shape.ts'
import { mayPass } from './retry-policy.ts'
import { jobIdOf } from './service-paths.ts'
import type { CompletedJob, Job } from './shapes.ts'
import { openStop, sleep, startTimer } from './stop.ts'
import type { CallOptions, Transport } from './transport.ts'
import { WatchedJob } from './watched-job.ts'

/** How to wait for a job. */
export interface WaitOptions<T extends Typing = Typing> extends CallOptions {
  /** How long to wait, in ms; as long as it takes unless given. Ends the wait with a `JobTimeoutError`; the job goes on. */
  readonly timeoutMs?: number | undefined
  /** Called with the job as first read, and whenever its state or progress has changed; the last time with the ended job. */
  readonly onProgress?: ((job: Job<T>) => void) | undefined
}

/** A stream of events is given up for another way when its first bytes, which the service sends at once, do not come. */
const OPENING = { tries: 1, tryTimeoutMs: 5_000 }

/** How long one question is held by the service; proxies commonly cut a silent connection after 30 or 60 s. */
const HELD_SECONDS = 25

/** An answer without news that comes sooner was not held. */
const HELD_AT_LEAST_MS = 1_000

/** Longest waits between questions that are not held: the first, which doubles, and the longest. */
const POLL_MS = 250
const POLL_CAP_MS = 5_000

/** Waits until a job has completed: by its events, or, where none come through, by asking. */
export async function waitForJob<T extends Typing>(
  transport: Transport,
  jobPath: string,
  read: Reader<Job<T>>,
  { signal, timeoutMs, onProgress }: WaitOptions<T>,
): Promise<CompletedJob<T>> {
  const limit = openStop(signal)
  const timeUp = new Error('The time to wait is up')
  const stopTimer = timeoutMs === undefined ? undefined : startTimer(timeoutMs, () => limit.abort(timeUp))
  const watched = new WatchedJob(transport, jobPath, read, limit.signal, onProgress)
  try {
    const job = await endOf(watched, transport, onProgress !== undefined)
    return completed(job)
  } catch (failure) {
    throw aboutJob(jobIdOf(jobPath), failure === timeUp ? timedOut(watched.job, timeoutMs) : failure)
  } finally {
    stopTimer?.()
    limit.release()
  }
}

async function endOf<T extends Typing>(
  watched: WatchedJob<T>,
  transport: Transport,
  wantsProgress: boolean,
): Promise<Job<T>> {
  const { job } = await watched.read()
  if (isFinal(job.status)) return job
  try {
    return await endByEvents(watched, transport, wantsProgress)
  } catch (failure) {
    if (!isForLackOfEvents(failure)) throw failure
    return await endByAsking(watched)
  }
}

/**
 * Events tell when to read the job; what it then says is the truth about every field. Those that happened before the last
 * reading are passed over, so reading never falls behind however fast progress is reported.
 */
async function endByEvents<T extends Typing>(
  watched: WatchedJob<T>,
  transport: Transport,
  wantsProgress: boolean,
): Promise<Job<T>> {
  const { path, signal } = watched
  for await (const { id, status } of jobEvents(transport, path, { after: watched.version, signal, opening: OPENING })) {
    if (id <= watched.version || !(wantsProgress || isFinal(status))) continue
    const { job } = await watched.read()
    // Not at the event's word: a person may have retried the job since.
    if (isFinal(job.status)) return job
  }
  return endByAsking(watched)
}

/** Whether another way may still lead there; a problem that will not pass is the service's last word. */
function isForLackOfEvents(failure: unknown): boolean {
  if (failure instanceof NetworkError) return true
  return failure instanceof ApiError && (failure.problem === undefined || mayPass(failure))
}

/** Asks with the service holding the answer until there is news, and ever more rarely where it does not hold it. */
async function endByAsking<T extends Typing>(watched: WatchedJob<T>): Promise<Job<T>> {
  for (let idle = 0; ; ) {
    const begun = performance.now()
    const { job, isNews } = await heldAnswer(watched)
    if (isFinal(job.status)) return job
    const held = performance.now() - begun >= HELD_AT_LEAST_MS
    idle = isNews || held ? 0 : idle + 1
    if (idle > 0) await sleep(pollMs(idle), watched.signal)
  }
}

/** A proxy may not bear a long question, so one that fails is followed by a short one, with all its tries. */
async function heldAnswer<T extends Typing>(watched: WatchedJob<T>) {
  try {
    return await watched.readWhenChanged(HELD_SECONDS)
  } catch (failure) {
    watched.signal.throwIfAborted()
    if (!mayPass(failure)) throw failure
    return { ...(await watched.read()), isNews: false }
  }
}

/** Random, so that those who wait for one service do not ask at once; at least half, so that none asks without pause. */
function pollMs(idle: number): number {
  return Math.min(POLL_CAP_MS, POLL_MS * 2 ** (idle - 1)) * (0.5 + Math.random() / 2)
}

function completed<T extends Typing>(job: Job<T>): CompletedJob<T> {
  if (job.status === 'completed') return job as CompletedJob<T>
  const message = `Job ${job.job_id} ${job.status === 'failed' ? `failed: ${job.error}` : 'was cancelled'}`
  if (job.status === 'cancelled') throw new JobCancelledError({ code: 'JOB_CANCELLED', message, job })
  throw new JobFailedError({ code: job.errors.at(-1)?.code ?? 'JOB_FAILED', message, job })
}

function timedOut(job: Job | undefined, timeoutMs = 0): Error {
  const within = `within ${timeoutMs / 1000} s`
  if (job === undefined) {
    const message = `The service did not answer ${within}`
    return new NetworkError({ code: 'TIMED_OUT', message, retryable: true })
  }
  const message = `Job ${job.job_id} did not end ${within}: it is ${job.status} and goes on`
  return new JobTimeoutError({ code: 'WAIT_TIMED_OUT', message, retryable: true, job })
}
