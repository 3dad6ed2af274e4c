import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { type Finding, findingsOf } from './finding.ts'

const { ok, warning, failed } = findingsOf('clock')

/** Time that only moves forward, in ms. */
export type Steady = () => number

const MINUTE_MS = 60_000
/** S3 refuses requests that are further off. */
const REFUSED_SKEW_MS = 15 * MINUTE_MS
const NOTICED_SKEW_MS = MINUTE_MS
/** The clock of a machine that keeps time by NTP moves by less in the seconds that a check takes. */
const STEP_MS = 1000
/** How long a store may take to answer with its time. */
const ANSWER_MS = 5000

const REMEDY =
  'Let the machine keep its time by NTP (`timedatectl set-ntp true`, chrony); leases, signatures and retention go by it'

/** Begins to compare the clock with steady time; the answer tells whether it was moved meanwhile. */
export function watchClock(clock: Clock, steady: Steady): () => Finding | undefined {
  const startedAt = clock.now() - steady()
  return () => {
    const movedMs = clock.now() - steady() - startedAt
    if (Math.abs(movedMs) < STEP_MS) return undefined
    return warning(`The clock was moved by ${describeMs(movedMs)} during this check`, REMEDY)
  }
}

/** Compares the clock with that of the store, if it is on another machine, and with what was written in the past. */
export async function checkClock(
  clock: Clock,
  dataDir: string | undefined,
  store: string | undefined,
): Promise<Finding> {
  const aheadMs = dataDir === undefined ? 0 : await writtenAheadMs(clock, dataDir)
  if (aheadMs > NOTICED_SKEW_MS) {
    return warning(`The clock is ${describeMs(aheadMs)} behind the files of the data folder: it went back`, REMEDY)
  }
  const skewMs = store === undefined ? undefined : await skewTo(store, clock)
  if (skewMs === undefined) return ok(`${new Date(clock.now()).toISOString()}; there is no store to compare it with`)
  const message = `The clock is ${describeMs(skewMs)} ${skewMs > 0 ? 'ahead of' : 'behind'} that of ${store}`
  if (Math.abs(skewMs) > REFUSED_SKEW_MS) return failed(`${message}, so that S3 refuses every request`, REMEDY)
  if (Math.abs(skewMs) > NOTICED_SKEW_MS) return warning(message, REMEDY)
  return ok(`${new Date(clock.now()).toISOString()}, as that of ${store}`)
}

/** How far the newest file lies in the future. */
async function writtenAheadMs(clock: Clock, dataDir: string): Promise<number> {
  const names = ['longshore.db', 'longshore.db-wal', 'longshore.lock.json']
  const times = names.map((name) =>
    stat(join(resolve(dataDir), name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    ),
  )
  return Math.max(...(await Promise.all(times))) - clock.now()
}

/** How far the clock is ahead of a server's `Date`, which has whole seconds; undefined when it does not tell. */
async function skewTo(url: string, clock: Clock): Promise<number | undefined> {
  const askedAt = clock.now()
  const answer = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) }).catch(
    () => undefined,
  )
  const told = Date.parse(answer?.headers.get('date') ?? '')
  if (Number.isNaN(told)) return undefined
  const tookMs = clock.now() - askedAt
  return Math.round((askedAt + tookMs / 2 - (told + 500)) / 1000) * 1000
}

function describeMs(ms: number): string {
  const seconds = Math.abs(Math.round(ms / 1000))
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
