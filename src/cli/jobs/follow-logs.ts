import { JobCancelledError, JobFailedError, type LogLine } from '@longshore/client'
import type { JobClient } from '@longshore/client/node'
import { sleep } from '../../base/clock.ts'
import type { Session } from '../session.ts'
import { newLines } from './new-lines.ts'

/** Prints some lines, in order. */
export type PrintLines = (lines: readonly LogLine[]) => void

/** A processor may log without telling progress: then nothing says that there are new lines. */
const QUIET_MS = 2000

/** Progress may come many times a second; the log is asked for more seldom. */
const PAUSE_MS = 250

/** Lines that are asked for at first; as many again and again until they meet those that are known. */
const STEP = 100

/** The most lines that one question can be answered with. */
const MOST = 1_000_000

/** Prints what a job logs until it ends: looks when the job has changed, and every two seconds otherwise. */
export async function followLogs(
  session: Session,
  client: JobClient,
  id: string,
  { tail, print }: { tail: number; print: PrintLines },
): Promise<void> {
  const { signal, world } = session
  using course = followJob(client, id, signal)
  let known = await client.logs(id, { tail, signal })
  print(known)
  for (;;) {
    // Looked at before the log is: what was logged before the end must not be missed.
    const isOver = course.isOver
    known = await printNew(session, client, id, { known, print })
    if (isOver) return course.ended
    await Promise.race([course.nextChange(), sleep(world.clock, QUIET_MS, signal)])
    await sleep(world.clock, course.isOver ? 0 : PAUSE_MS, signal)
  }
}

/** Whether a job is over, and when it changes. Disposed of, it is followed no longer. */
interface JobCourse extends Disposable {
  readonly isOver: boolean
  nextChange(): Promise<void>
  /** Rejects when the job can no longer be followed. */
  readonly ended: Promise<void>
}

function followJob(client: JobClient, id: string, signal: AbortSignal): JobCourse {
  let change = Promise.withResolvers<void>()
  let isOver = false
  const stop = new AbortController()
  const onProgress = (): void => {
    change.resolve()
    change = Promise.withResolvers()
  }
  const ended = client
    .waitForJob(id, { signal: AbortSignal.any([signal, stop.signal]), onProgress })
    .then(() => {}, ignoreBadEnd)
    .finally(() => {
      isOver = true
      change.resolve()
    })
  // Its failure is met at the end; until then nobody listens.
  ended.catch(() => {})
  return {
    get isOver() {
      return isOver
    },
    nextChange: () => (isOver ? Promise.resolve() : change.promise),
    ended,
    [Symbol.dispose]: () => stop.abort(),
  }
}

function ignoreBadEnd(failure: unknown): void {
  if (!(failure instanceof JobFailedError || failure instanceof JobCancelledError)) throw failure
}

/** Answers the lines to compare the next ones with. */
async function printNew(
  { signal, out }: Session,
  client: JobClient,
  id: string,
  { known, print }: { known: LogLine[]; print: PrintLines },
): Promise<LogLine[]> {
  for (let tail = STEP; ; tail *= 10) {
    const now = await client.logs(id, { tail: Math.min(tail, MOST), signal })
    const lines = newLines(known.slice(-STEP), now)
    if (lines === undefined && now.length >= tail && tail < MOST) continue
    if (lines === undefined) out.tell('(lines between were too many to be kept)')
    print(lines ?? now)
    return now.length === 0 ? known : now
  }
}
