import { Live } from './render/live.ts'
import { showBytes, showDuration } from './render/quantities.ts'
import { renderTransfer, type Transfer, TransferRate } from './render/transfer-bar.ts'
import type { Session } from './session.ts'

/** Shows bytes on their way: a bar on a terminal, one line at the end elsewhere. */
export class TransferBoard implements Disposable {
  readonly #session: Session
  readonly #title: string
  readonly #rate = new TransferRate()
  readonly #startedAt: number
  #live: Live | undefined
  #last: Transfer | undefined

  constructor(session: Session, title: string) {
    const { world, out } = session
    this.#session = session
    this.#title = title
    this.#startedAt = world.clock.now()
    if (world.stderr.isTTY === true && !out.quiet) this.#live = new Live(world)
  }

  put(transfer: Transfer): void {
    const live = this.#live
    this.#last = transfer
    const rate = this.#rate.add(this.#session.world.clock.now(), transfer.doneBytes)
    live?.show(() => renderTransfer(this.#title, transfer, rate, live.width))
  }

  /** Takes the bar away: it will not be full. */
  clear(): void {
    this.#live?.clear()
    this.#live = undefined
    this.#last = undefined
  }

  /** Takes the bar away, and tells what it came to. */
  [Symbol.dispose](): void {
    const last = this.#last
    this.clear()
    if (last === undefined) return
    const files = `${last.totalFiles} ${last.totalFiles === 1 ? 'file' : 'files'}, ${showBytes(last.totalBytes)}`
    const took = showDuration(this.#session.world.clock.now() - this.#startedAt)
    this.#session.out.tell(`${this.#title} done: ${files} in ${took}`)
  }
}
