import { readFileSync } from 'node:fs'
import { Gauge, Registry } from 'prom-client'
import type { Fact, FactListener } from './facts.ts'
import { type JobEventListener, jobMetrics } from './job-metrics.ts'
import { processMetrics } from './process-metrics.ts'
import { scheduleMetrics } from './schedule-metrics.ts'
import { type Scraped, stateMetrics } from './state-metrics.ts'
import { deliveryGauges, type ScrapedDeliveries, webhookMetrics } from './webhook-metrics.ts'
import { attemptMetrics, callMetrics, requestMetrics, type Tally } from './work-metrics.ts'

/** What a service is, for `longshore_build_info`. */
export interface BuildIdentity {
  /** Of the processor. */
  name: string
  version: string
}

/** The metrics of one service. They only listen: to the engine's events and to the facts of the rooms. */
export class Metrics {
  /** The format of {@link render}. */
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE
  /** Hears the events of jobs. */
  readonly hearEvent: JobEventListener
  /** Hears the facts of the rooms. */
  readonly hearFact: FactListener
  readonly #registry = new Registry()
  readonly #readState: () => Promise<void>

  constructor(identity: BuildIdentity, scraped: Scraped & ScrapedDeliveries) {
    const registry = this.#registry
    buildInfo(registry, identity)
    const readers = [stateMetrics(registry, scraped), deliveryGauges(registry, scraped)]
    this.#readState = async () => void (await Promise.all(readers.map((read) => read())))
    this.hearEvent = jobMetrics(registry)
    this.hearFact = hearing({
      ...requestMetrics(registry),
      ...callMetrics(registry),
      ...attemptMetrics(registry),
      ...webhookMetrics(registry),
      ...scheduleMetrics(registry),
    })
  }

  /** All metrics as they are now, in Prometheus' text format. */
  async render(): Promise<string> {
    await this.#readState()
    return [await this.#registry.metrics(), await processMetrics().metrics()].join('\n')
  }
}

function hearing(tally: Tally): FactListener {
  return <Type extends Fact['type']>(fact: Extract<Fact, { type: Type }>) => {
    const add: ((fact: Extract<Fact, { type: Type }>) => void) | undefined = tally[fact.type]
    add?.(fact)
  }
}

function buildInfo(registry: Registry, { name, version }: BuildIdentity): void {
  const info = new Gauge({
    name: 'longshore_build_info',
    help: 'Always 1; the labels say which Longshore runs which processor on which Node',
    labelNames: ['version', 'processor', 'processor_version', 'node_version'],
    registers: [registry],
  })
  info.set({ version: ownVersion(), processor: name, processor_version: version, node_version: process.version }, 1)
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return version
}
