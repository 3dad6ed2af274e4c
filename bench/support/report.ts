/** From and to. */
export type Span = readonly [low: number, high: number]

/** One line of a benchmark: ours, and where there is one the rival measured in the same run. */
export interface Measurement {
  what: string
  unit: string
  ours: number
  /** The ratio of both is ours ÷ value, unless another is given, e.g. the middle of those of rounds. */
  baseline?: { name: string; value: number; ratio?: number }
  /** Where the ratio lies with 95 % certainty; a goal is then met, or missed, when all of it is on one side. */
  span?: Span
  /** What the ratio (ours ÷ baseline), or without a baseline the figure itself, is to be. */
  goal?: { atLeast: number } | { atMost: number }
}

/** Prints a measurement as one line, e.g. `jsonl 10^6 records: 190 MiB/s, JSON.stringify 220 MiB/s, ratio 0.86 (goal ≥ 0.8, met)`. */
export function report(measurement: Measurement): void {
  const { what, unit, ours, baseline, span } = measurement
  const rival = baseline
    ? `, ${baseline.name} ${figure(baseline.value)} ${unit}, ratio ${figure(ratioOf(ours, baseline))}`
    : ''
  const spread = span ? `, 95 % certain from ${figure(span[0])} to ${figure(span[1])}` : ''
  console.log(`${what}: ${figure(ours)} ${unit}${rival}${spread}${verdict(measurement)}`)
}

function verdict({ ours, baseline, span, goal }: Measurement): string {
  if (!goal) return ''
  const value = baseline ? ratioOf(ours, baseline) : ours
  const [low, high] = span ?? [value, value]
  const isMet = (figure: number): boolean => ('atLeast' in goal ? figure >= goal.atLeast : figure <= goal.atMost)
  const words = 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`
  const judged = isMet(low) === isMet(high) ? (isMet(low) ? 'met' : 'missed') : 'open: the spread reaches across it'
  return ` (goal ${words}, ${judged})`
}

function ratioOf(ours: number, { value, ratio = ours / value }: { value: number; ratio?: number }): number {
  return ratio
}

function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}

/** The middle value of several runs. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/**
 * The middle of what ratios were drawn from, and where it lies with 95 % certainty, by the ranks of their means two by two
 * (Hodges and Lehmann, Wilcoxon): a few far off change nothing, as with the median, but the others count fully. Means are
 * those of logarithms, so that twice and half cancel out.
 */
export function middle(ratios: readonly number[]): { value: number; span: Span } {
  const logs = ratios.map((ratio) => Math.log(ratio))
  const means = logs.flatMap((one, i) => logs.slice(i).map((other) => (one + other) / 2)).sort((a, b) => a - b)
  const n = ratios.length
  const beyond = Math.floor((n * (n + 1)) / 4 - 1.96 * Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24))
  const at = (place: number): number => Math.exp(means[Math.max(0, place)] ?? Number.NaN)
  return { value: Math.exp(median(means)), span: [at(beyond), at(means.length - 1 - Math.max(0, beyond))] }
}
