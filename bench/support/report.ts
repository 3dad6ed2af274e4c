/** One line of a benchmark: ours, and where there is one the rival measured in the same run. */
export interface Measurement {
  what: string
  unit: string
  ours: number
  /** The ratio of both is ours ÷ value, unless another is given, e.g. the middle of those of rounds. */
  baseline?: { name: string; value: number; ratio?: number }
  /** What the ratio (ours ÷ baseline), or without a baseline the figure itself, is to be. */
  goal?: { atLeast: number } | { atMost: number }
}

/** Prints a measurement as one line, e.g. `jsonl 10^6 records: 190 MiB/s, JSON.stringify 220 MiB/s, ratio 0.86 (goal ≥ 0.8, met)`. */
export function report(measurement: Measurement): void {
  const { what, unit, ours, baseline } = measurement
  const rival = baseline
    ? `, ${baseline.name} ${figure(baseline.value)} ${unit}, ratio ${figure(ratioOf(ours, baseline))}`
    : ''
  console.log(`${what}: ${figure(ours)} ${unit}${rival}${verdict(measurement)}`)
}

function verdict({ ours, baseline, goal }: Measurement): string {
  if (!goal) return ''
  const value = baseline ? ratioOf(ours, baseline) : ours
  const met = 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost
  const words = 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`
  return ` (goal ${words}, ${met ? 'met' : 'missed'})`
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
