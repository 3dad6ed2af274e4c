/** A line of values, small enough to stand beside a figure that says it in words. */
export function Sparkline({ values, colour }: { values: readonly number[]; colour: string }) {
  if (values.every((value) => value === 0)) return null
  const top = Math.max(1, ...values)
  const step = 100 / Math.max(1, values.length - 1)
  const points = values.map((value, i) => `${(i * step).toFixed(1)},${(23 - (22 * value) / top).toFixed(1)}`)
  return (
    <svg class="sparkline" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <path d={`M0,24 L${points.join(' L')} L100,24 Z`} fill={`var(${colour})`} opacity="0.15" />
      <polyline points={points.join(' ')} fill="none" stroke={`var(${colour})`} vector-effect="non-scaling-stroke" />
    </svg>
  )
}
