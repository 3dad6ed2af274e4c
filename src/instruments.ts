import type { Logger } from 'pino'
import type { Clock } from './base/clock.ts'
import { messageOf } from './base/errors.ts'
import type { Config } from './config.ts'
import type { ServiceEngine } from './engine/open-engine.ts'
import type { Resources } from './job/resources.ts'
import type { ObjectStore } from './storage/object-store.ts'
import { logEvents } from './telemetry/event-log.ts'
import { Facts } from './telemetry/facts.ts'
import { type BuildIdentity, Metrics } from './telemetry/metrics.ts'
import { type Redactor, redactor } from './telemetry/redaction.ts'
import { openServiceLog } from './telemetry/service-log.ts'
import { timedEngine, timedStore } from './telemetry/timed-adapters.ts'
import { tracedEngine } from './telemetry/traced-engine.ts'
import { findTracing, type Tracing } from './telemetry/tracing.ts'

/** What watches a service. None of it changes what the service does. */
export interface Instruments {
  log: Logger
  redact: Redactor
  facts: Facts
  /** Where OpenTelemetry is set up. */
  tracing?: Tracing
  /** Logs what nobody else is told. */
  onError(thrown: unknown): void
}

/** Opens the log, unless there is one, and what listens beside it. */
export function openInstruments(config: Config, signingSecret: string, logger: Logger | undefined): Instruments {
  const redact = redactor(secretsOf(config, signingSecret))
  const log = logger ?? openServiceLog(config.logLevel, redact)
  const onError = (failure: unknown): void => log.error({ err: failure }, messageOf(failure))
  const tracing = findTracing()
  return { log, redact, facts: new Facts(onError), onError, ...(tracing && { tracing }) }
}

/** What is watched. */
interface Watched<Engine> {
  engine: Engine
  store: ObjectStore
  clock: Clock
  processor: BuildIdentity
  /** Attempts that may run here now. */
  slots(): number
  /** What attempts here may need together, and what those that run do. */
  resources(): { budget: Resources; used: Resources }
}

/** The adapters as the rooms use them: listened to, timed with METRICS, traced where OpenTelemetry is set up. */
export function watchAdapters<Engine extends ServiceEngine>(
  { log, facts, tracing }: Instruments,
  { metrics: isMeasured, dataDir }: Config,
  { engine, store, processor, ...scraped }: Watched<Engine>,
): { engine: Engine; store: ObjectStore; metrics?: Metrics } {
  engine.subscribe(logEvents(log))
  const traced = (inner: Engine): Engine => (tracing ? tracedEngine(inner, tracing) : inner)
  if (!isMeasured) return { engine: traced(engine), store }
  const metrics = new Metrics(processor, {
    ...scraped,
    counts: () => engine.counts(),
    queue: () => engine.activity.queue(),
    deliveryCounts: () => engine.deliveries.counts(),
    dataDir,
  })
  engine.subscribe(metrics.hearEvent)
  facts.listen(metrics.hearFact)
  return { engine: traced(timedEngine(engine, facts)), store: timedStore(store, facts), metrics }
}

/** Everything the service knows that must not be in its log. */
function secretsOf({ apiKeys, storage, database, webhooks }: Config, signingSecret: string): string[] {
  const storeSecret = storage.kind === 's3' ? storage.credentials?.secretAccessKey : undefined
  const passwords = [database?.url, database?.listenUrl].map((url) => url && URL.parse(url)?.password)
  return [...apiKeys, signingSecret, storeSecret, ...webhooks.secrets, ...passwords].flatMap((secret) => secret || [])
}
