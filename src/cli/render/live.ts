import { createLogUpdate } from 'log-update'
import type { Clock, Timer } from '../../base/clock.ts'
import type { TextStream, World } from '../context.ts'

/** How often the lines are drawn at most. */
const FRAME_MS = 100

/** A few lines on a terminal that are drawn over and over. What is drawn last always shows the newest. */
export class Live implements Disposable {
  readonly #clock: Clock
  readonly #update: ReturnType<typeof createLogUpdate>
  readonly #stream: TextStream
  #render: (() => string) | undefined
  #drawnAt = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined

  constructor({ stderr, clock }: Pick<World, 'stderr' | 'clock'>) {
    this.#clock = clock
    this.#stream = stderr
    this.#update = createLogUpdate(stderr as NodeJS.WriteStream)
  }

  /** Columns there are; one less than the terminal has, because some wrap at the last. */
  get width(): number {
    return (this.#stream.columns ?? 80) - 1
  }

  /** Shows what `render` makes of the moment when it is drawn. */
  show(render: () => string): void {
    this.#render = render
    if (this.#timer !== undefined) return
    const waitMs = this.#drawnAt + FRAME_MS - this.#clock.now()
    if (waitMs <= 0) this.#draw()
    else this.#timer = this.#clock.setTimer(waitMs, () => this.#draw())
  }

  /** Writes lines above. */
  above(text: string): void {
    this.#update.clear()
    this.#stream.write(`${text}\n`)
    this.#draw()
  }

  /** Takes the lines away. */
  clear(): void {
    this.#timer?.cancel()
    this.#update.clear()
    this.#update.done()
  }

  /** Draws for the last time, and leaves the lines there. */
  [Symbol.dispose](): void {
    this.#timer?.cancel()
    this.#draw()
    this.#update.done()
  }

  #draw(): void {
    this.#timer = undefined
    this.#drawnAt = this.#clock.now()
    if (this.#render !== undefined) this.#update(this.#render())
  }
}
