/** The least time it is looked at over, in ms. */
const WINDOW_MS = 100

/** How much of a processor this process takes. */
export class ProcessorUse {
  #from = process.cpuUsage()
  #since = performance.now()
  #share = 0

  /** Its time on a processor as a share of all time, as it was lately: 1 is one processor. */
  get share(): number {
    const now = performance.now()
    const passedMs = now - this.#since
    if (passedMs < WINDOW_MS) return this.#share
    const { user, system } = process.cpuUsage(this.#from)
    this.#share = (user + system) / 1000 / passedMs
    this.#from = process.cpuUsage()
    this.#since = now
    return this.#share
  }
}
