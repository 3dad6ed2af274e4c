/** How far something is; without a percent it only says that something goes on. */
export function Progress({ percent, label }: { percent: number | null | undefined; label: string }) {
  const known = typeof percent === 'number' ? Math.min(100, Math.max(0, percent)) : undefined
  return (
    <span
      class="progress"
      role="progressbar"
      aria-label={label}
      aria-valuenow={known && Math.round(known)}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <span
        class={known === undefined ? 'progress-unknown' : 'progress-done'}
        style={{ width: known === undefined ? '100%' : `${known}%` }}
      />
    </span>
  )
}
