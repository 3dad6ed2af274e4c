import { Histogram, type Registry } from 'prom-client'

/** The values of one set of labels. */
class Series {
  /** How many values fell into each bucket, and last into none. */
  readonly counts: number[]
  sum = 0

  constructor(buckets: number) {
    this.counts = Array<number>(buckets + 1).fill(0)
  }
}

/** What a histogram is made of. */
export interface HistogramOptions {
  name: string
  help: string
  labelNames: readonly string[]
  /** Upper bounds, ascending. */
  buckets: readonly number[]
  registry: Registry
}

/**
 * A histogram for what happens a dozen times a job. prom-client's own checks the labels of every value and spells them
 * out to find their place, 1 µs each time; here a place is found by the label's value alone, a tenth of that.
 */
export class SeriesHistogram extends Histogram {
  readonly #name: string
  readonly #help: string
  readonly #labelNames: readonly string[]
  readonly #buckets: readonly number[]
  readonly #series = new Map<string, Series>()

  constructor({ name, help, labelNames, buckets, registry }: HistogramOptions) {
    super({ name, help, labelNames, buckets: [...buckets], registers: [registry] })
    this.#name = name
    this.#help = help
    this.#labelNames = labelNames
    this.#buckets = buckets
  }

  /** Adds a value; the labels' values are in the order of their names, separated by spaces. */
  add(labels: string, value: number): void {
    let series = this.#series.get(labels)
    if (series === undefined) {
      series = new Series(this.#buckets.length)
      this.#series.set(labels, series)
    }
    let bucket = 0
    while (bucket < this.#buckets.length && value > (this.#buckets[bucket] ?? 0)) bucket++
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1
    series.sum += value
  }

  /** What prom-client's registry asks a histogram for, and its `get` too. */
  async getForPromString() {
    const values = [...this.#series].flatMap(([labels, series]) => this.#valuesOf(labels, series))
    return { name: this.#name, help: this.#help, type: 'histogram', aggregator: 'sum', values }
  }

  #valuesOf(key: string, { counts, sum }: Series) {
    const given = key.split(' ')
    const sharedLabels = Object.fromEntries(this.#labelNames.map((name, place) => [name, given[place] ?? '']))
    let count = 0
    const buckets = counts.map((inBucket, place) => {
      count += inBucket
      const le = this.#buckets[place] ?? '+Inf'
      return { metricName: `${this.#name}_bucket`, labels: { le }, sharedLabels, value: count }
    })
    return [
      ...buckets,
      { metricName: `${this.#name}_sum`, labels: {}, sharedLabels, value: sum },
      { metricName: `${this.#name}_count`, labels: {}, sharedLabels, value: count },
    ]
  }
}
