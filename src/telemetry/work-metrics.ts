import { Counter, Gauge, type Registry } from 'prom-client'
import type { ErrorCode } from '../base/errors.ts'
import { type Fact, type Stage, VERDICTS } from './facts.ts'
import { SeriesCounter } from './series-counter.ts'
import { SeriesHistogram } from './series-histogram.ts'

/** Requests are answered in milliseconds; those that wait for a job or carry an upload take up to minutes. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const CALL_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 30]
const STAGE_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400]

/** The fact of one type. */
type Told<Type extends Fact['type']> = Extract<Fact, { type: Type }>

/** What each fact adds to the metrics. */
export type Tally = { [Type in Fact['type']]?: (fact: Told<Type>) => void }

/** Refusals that people set alerts on are there from the start, so that the first one shows as a rise. */
const WATCHED_CODES: readonly ErrorCode[] = ['UNAUTHENTICATED', 'RATE_LIMITED', 'QUEUE_FULL', 'OVERLOADED', 'INTERNAL']

/** Counts and times HTTP requests, by the route's pattern and the class of the answer. */
export function requestMetrics(registry: Registry): Tally {
  const seconds = new SeriesHistogram({
    name: 'longshore_http_request_duration_seconds',
    help: 'Time to answer HTTP requests, in seconds, by route pattern; it includes what a request chose to wait',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registry,
  })
  const problems = new Counter({
    name: 'longshore_http_problems_total',
    help: 'Requests that were refused or failed, by code of the error table',
    labelNames: ['code'],
    registers: [registry],
  })
  const held = new Gauge({
    name: 'longshore_http_held_requests',
    help: 'Event streams and long polls that are held open in this process',
    registers: [registry],
  })
  for (const code of WATCHED_CODES) problems.inc({ code }, 0)
  return {
    'request.refused': ({ code }) => problems.inc({ code }),
    'requests.held': ({ count }) => held.set(count),
    'request.answered': ({ method, route, status, durationMs }) =>
      seconds.add(`${method} ${route} ${Math.floor(status / 100)}xx`, durationMs / 1000),
  }
}

/** Counts and times calls of the engine and of the object store. */
export function callMetrics(registry: Registry): Tally {
  const engine = callsOf(registry, 'engine', 'job engine')
  const store = callsOf(registry, 'store', 'object store')
  const written = new Counter({
    name: 'longshore_store_written_bytes_total',
    help: 'Bytes this process wrote to the object store, uploads and outputs; presigned uploads go past it',
    registers: [registry],
  })
  return {
    'engine.called': engine,
    'store.called': (call) => {
      store(call)
      if (call.bytes > 0) written.inc(call.bytes)
    },
  }
}

function callsOf(
  registry: Registry,
  port: string,
  words: string,
): (call: Told<'engine.called' | 'store.called'>) => void {
  const seconds = new SeriesHistogram({
    name: `longshore_${port}_call_duration_seconds`,
    help: `Time of calls of the ${words}, in seconds, failed ones too`,
    labelNames: ['verb'],
    buckets: CALL_SECONDS,
    registry,
  })
  const errors = new Counter({
    name: `longshore_${port}_errors_total`,
    help: `Calls of the ${words} that failed, by code of the error table; OTHER is what is not in it`,
    labelNames: ['verb', 'code'],
    registers: [registry],
  })
  return ({ verb, durationMs, code }) => {
    seconds.add(verb, durationMs / 1000)
    if (code !== undefined) errors.inc({ verb, code })
  }
}

/** Counts and times what attempts do here. */
export function attemptMetrics(registry: Registry): Tally {
  const registers = [registry]
  /** Set when somebody looks: stages begin and end eight times a job. */
  const now: Record<Exclude<Stage, 'wait'>, number> = { download: 0, process: 0, output: 0, settle: 0 }
  const running = new Gauge({
    name: 'longshore_attempts_running',
    help: 'Attempts that are in each stage in this process now; those in process use an executor',
    labelNames: ['stage'],
    registers,
    collect: () => {
      for (const [stage, count] of Object.entries(now)) running.set({ stage }, count)
    },
  })
  const seconds = new SeriesHistogram({
    name: 'longshore_stage_duration_seconds',
    help: 'Time of each stage of an attempt, in seconds; wait is from being due to being claimed',
    labelNames: ['stage'],
    buckets: STAGE_SECONDS,
    registry,
  })
  const attempts = new SeriesCounter({
    name: 'longshore_attempts_total',
    help: 'Attempts that are over in this process, by what they came to; lost are those whose lease was lost',
    labelNames: ['outcome'],
    registry,
  })
  const fetched = bytesCounter(registry, 'longshore_input_bytes_total', 'Bytes of input files that attempts fetched')
  const committed = bytesCounter(registry, 'longshore_output_bytes_total', 'Bytes of outputs that attempts committed')
  for (const outcome of VERDICTS) attempts.add(outcome, 0)
  return {
    'stage.began': ({ stage }) => {
      now[stage] += 1
    },
    'stage.ended': ({ stage, durationMs, bytes }) => {
      seconds.add(stage, durationMs / 1000)
      if (stage !== 'wait') now[stage] -= 1
      if (bytes === 0) return
      if (stage === 'download') fetched.inc(bytes)
      if (stage === 'output') committed.inc(bytes)
    },
    'attempt.ended': ({ verdict }) => attempts.add(verdict),
  }
}

function bytesCounter(registry: Registry, name: string, help: string): Counter {
  return new Counter({ name, help, registers: [registry] })
}
