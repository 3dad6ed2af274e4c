import { showBytes, showSpan } from './quantities.ts'
import { fit } from './table.ts'

/** How far bytes and files have come. */
export interface Transfer {
  readonly doneBytes: number
  readonly totalBytes: number
  readonly doneFiles: number
  readonly totalFiles: number
}

/** How far back the rate looks: long enough to be calm, short enough to follow a change of the network. */
const WINDOW_MS = 10_000

/** How fast bytes come, over the last seconds. */
export class TransferRate {
  readonly #samples: { atMs: number; bytes: number }[] = []

  /** Bytes a second; undefined until there is something to go by. */
  add(atMs: number, bytes: number): number | undefined {
    this.#samples.push({ atMs, bytes })
    while (this.#samples.length > 2 && (this.#samples[1]?.atMs ?? atMs) <= atMs - WINDOW_MS) this.#samples.shift()
    const first = this.#samples[0]
    if (first === undefined || atMs - first.atMs < 200) return undefined
    return (1000 * (bytes - first.bytes)) / (atMs - first.atMs)
  }
}

/** Columns that a bar may take. */
const LONGEST_BAR = 30

/** A bar with percent, bytes, rate, time left and files, on one line; narrow terminals see less of the end. */
export function renderTransfer(title: string, transfer: Transfer, rate: number | undefined, width: number): string {
  const { doneBytes, totalBytes, doneFiles, totalFiles } = transfer
  const share = totalBytes === 0 ? 1 : doneBytes / totalBytes
  const bar = renderBar(share, Math.min(LONGEST_BAR, Math.max(8, width - 70)))
  const percent = `${Math.floor(100 * share)}%`.padStart(4)
  const bytes = `${showBytes(doneBytes)} of ${showBytes(totalBytes)}`
  const speed = rate === undefined || rate <= 0 ? [] : [`${showBytes(rate)}/s`, ...timeLeft(transfer, rate)]
  const files = totalFiles > 1 ? [`${doneFiles} of ${totalFiles} files`] : []
  return fit(`${title} ${bar}${percent}  ${[bytes, ...speed, ...files].join(' · ')}`, width)
}

function timeLeft({ doneBytes, totalBytes }: Transfer, rate: number): string[] {
  const leftMs = (1000 * (totalBytes - doneBytes)) / rate
  return leftMs < 1000 ? [] : [`${showSpan(leftMs)} left`]
}

function renderBar(share: number, columns: number): string {
  const full = Math.floor(share * columns)
  return '█'.repeat(full) + '░'.repeat(columns - full)
}
