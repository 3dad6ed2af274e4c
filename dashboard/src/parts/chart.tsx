import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { theme } from '../state/theme.ts'

/** One line or stack of bars of a chart. */
export interface Series {
  name: string
  /** A custom property of the style sheet, e.g. `--completed`. */
  colour: string
  values: readonly (number | null)[]
  kind: 'bars' | 'line'
}

interface ChartProps {
  label: string
  /** Seconds since 1970. */
  times: readonly number[]
  series: readonly Series[]
  height: number
  /** How a value is written. */
  write(value: number): string
}

/** Values over time. The table after it tells the same to who cannot see it. */
export function Chart({ label, times, series, height, write }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const shape = `${series.map(({ name }) => name)} ${height} ${theme.value}`
  const data: uPlot.AlignedData = [[...times], ...series.map(({ values }) => [...values])]
  const newest = useRef(data)
  newest.current = data

  useEffect(() => {
    const element = place.current
    if (element === null) return
    const make = (): void => {
      plot.current?.destroy()
      plot.current = new uPlot(
        optionsFor({ series, width: element.clientWidth, height, write, colourOf: coloursAt(element) }),
        newest.current,
        element,
      )
    }
    make()
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }))
    resized.observe(element)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', make)
    return () => {
      scheme.removeEventListener('change', make)
      resized.disconnect()
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [shape])
  useEffect(() => plot.current?.setData(data))

  return (
    <figure class="chart" aria-label={label}>
      <div ref={place} class="chart-place" style={{ height: `${height}px` }} aria-hidden="true" />
      <figcaption class="legend">
        {series.map(({ name, colour }) => (
          <span key={name}>
            <span class="swatch" style={{ background: `var(${colour})` }} />
            {name}
          </span>
        ))}
      </figcaption>
    </figure>
  )
}

interface Look {
  series: readonly Series[]
  width: number
  height: number
  write(value: number): string
  /** What a custom property of the style sheet stands for here and now. */
  colourOf(name: string): string
}

function optionsFor({ series, width, height, write, colourOf }: Look): uPlot.Options {
  const grid = { stroke: colourOf('--line'), width: 1 }
  const axis = { stroke: colourOf('--muted'), grid, ticks: { show: false }, font: '12px system-ui, sans-serif' }
  const bars = uPlot.paths.bars?.({ size: [0.8, 24], gap: 1 })
  return {
    width,
    height,
    // A label may stand below the right edge, and half of "30 Nov" is 18 wide.
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(high ?? 0, 1) * 1.1] } },
    axes: [
      { ...axis, size: 28, space: 80, values: (_plot, times) => times.map((time) => writeTime(time, times)) },
      { ...axis, size: 60, values: (_plot, values) => values.map((value) => (value === 0 ? '0' : write(value))) },
    ],
    series: [
      {},
      ...series.map(({ name, colour, kind }) => ({
        label: name,
        stroke: colourOf(colour),
        width: kind === 'bars' ? 0 : 2,
        points: { show: kind === 'line', size: 4, fill: colourOf(colour) },
        spanGaps: true,
        ...(kind === 'bars' && bars && { fill: colourOf(colour), paths: bars, points: { show: false } }),
      })),
    ],
  }
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

/** The time of day; over more than two days, the day. */
function writeTime(time: number, all: readonly number[]): string {
  const spanned = (all.at(-1) ?? time) - (all[0] ?? time)
  return (spanned > 2 * 86_400 ? DAY : CLOCK).format(time * 1000)
}

/** The canvas knows nothing of custom properties: an element of the page finds out what each is. */
function coloursAt(place: HTMLElement): Look['colourOf'] {
  return (name) => {
    place.style.color = `var(${name})`
    const { color } = getComputedStyle(place)
    place.style.color = ''
    return color
  }
}
