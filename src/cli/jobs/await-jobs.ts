import { type Job, JobCancelledError, JobFailedError } from '@longshore/client'
import type { JobClient } from '@longshore/client/node'
import { EXIT } from '../exit-codes.ts'
import type { Session } from '../session.ts'
import { JobBoard, showsLive } from './job-board.ts'

/** How to wait for jobs. */
interface AwaitOptions {
  /** Called with a job at first, and whenever it has changed. */
  readonly onChange?: (job: Job) => void
}

/**
 * Waits until every job has ended, well or not, with one line for each meanwhile, and answers them as they ended. The
 * command ends with `failed` unless all have completed. Ctrl-C ends the waiting alone, and says so.
 */
export async function awaitJobs(
  session: Session,
  client: JobClient,
  ids: readonly string[],
  { onChange }: AwaitOptions = {},
): Promise<Job[]> {
  using board = new JobBoard(session, ids, showsLive(session))
  const stop = new AbortController()
  const signal = AbortSignal.any([session.signal, stop.signal])
  const waitFor = async (id: string): Promise<Job> => {
    const onProgress = (job: Job): void => {
      onChange?.(job)
      board.put(job)
    }
    return client.waitForJob(id, { signal, onProgress }).catch(endedOtherwise)
  }
  const ended = await waitForAll(ids.map(waitFor), stop).catch((failure) => {
    if (session.signal.aborted) board.leave(`The waiting has ended, ${goesOn(session, ids)}`)
    throw failure
  })
  if (ended.some(({ status }) => status !== 'completed')) session.endWith(EXIT.failed)
  return ended
}

/** The first that cannot be waited for ends all of it: nothing is waited for, or shown, any more when this rejects. */
async function waitForAll(jobs: readonly Promise<Job>[], stop: AbortController): Promise<Job[]> {
  try {
    return await Promise.all(jobs)
  } catch (failure) {
    stop.abort(failure)
    await Promise.allSettled(jobs)
    throw failure
  }
}

function endedOtherwise(failure: unknown): Job {
  if (failure instanceof JobFailedError || failure instanceof JobCancelledError) return failure.job
  throw failure
}

function goesOn({ commandLine }: Session, ids: readonly string[]): string {
  const it = ids.length === 1 ? 'the job goes on' : 'the jobs go on'
  return `${it}.\nTo watch again:  ${commandLine('watch', ...ids)}\nTo cancel:       ${commandLine('cancel', ...ids)}`
}
