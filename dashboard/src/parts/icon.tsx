const PATHS = {
  queued: 'M8 4.5V8l2.5 1.5M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5',
  processing: 'M5.5 3.5v9l7-4.5z',
  completed: 'm3.5 8.5 3 3 6-7',
  failed: 'M8 2 14.5 13.5h-13zM8 6.5V9.5M8 11.6v.1',
  cancelled: 'M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5M3.7 12.3l8.6-8.6',
  retried: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3',
  overview: 'M2 13.5h12M3.5 11V7.5M6.5 11V4M9.5 11V6M12.5 11V2.5',
  jobs: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  submit: 'M8 10.5v-8M4.5 6 8 2.5 11.5 6M2.5 13.5h11',
  schedules: 'M2.5 5.5h11M5 2v2M11 2v2M2.5 3.5h11v10h-11zM8 8v2.2l1.5.8',
  theme: 'M8 1.75a6.25 6.25 0 1 0 0 12.5zM8 1.75a6.25 6.25 0 0 1 0 12.5',
  copy: 'M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3',
  close: 'm4 4 8 8M12 4l-8 8',
  leave: 'M6 2.5H2.5v11H6M10 5l3 3-3 3M13 8H6',
  file: 'M4 1.75h5l3 3v9.5H4zM9 1.75v3h3',
} as const

/** The name of a picture. */
export type IconName = keyof typeof PATHS

/** A small picture beside words; it says nothing that they don't. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill={name === 'processing' ? 'currentColor' : 'none'} stroke="currentColor" />
    </svg>
  )
}
