import { Counter, type Registry } from 'prom-client'

/** What a counter is made of. */
export interface CounterOptions {
  name: string
  help: string
  labelNames: readonly string[]
  registry: Registry
}

/**
 * A counter for what happens with every job. prom-client's own checks the labels of every count and spells them out to find
 * their place, 1 µs each time; here they are counted by the labels' values alone, and spelt out when somebody looks.
 */
export class SeriesCounter {
  readonly #counts = new Map<string, number>()

  constructor({ name, help, labelNames, registry }: CounterOptions) {
    const counts = this.#counts
    new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        this.reset()
        for (const [labels, count] of counts) {
          const given = labels.split(' ')
          this.inc(Object.fromEntries(labelNames.map((label, place) => [label, given[place] ?? ''])), count)
        }
      },
    })
  }

  /** Counts `by` more; the labels' values are in the order of their names, separated by spaces. 0 makes the series known. */
  add(labels: string, by = 1): void {
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + by)
  }
}
