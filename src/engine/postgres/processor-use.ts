/** The least time it is looked at over, in ms. */
const WINDOW_MS = 100

/** How much of a processor the event loop of this process takes. */
export class ProcessorUse {
  #from = look()
  #share = 0

  /**
   * A share of all time, as it was lately: 1 is a whole processor. It is the smaller of the time in which the loop had work,
   * which may have waited for a processor, and the processor time of the process, which other threads may have taken.
   */
  get share(): number {
    if (performance.now() - this.#from.at < WINDOW_MS) return this.#share
    const from = this.#from
    const to = look()
    const busy = performance.eventLoopUtilization(to.loop, from.loop).utilization
    const used = (to.cpu.user + to.cpu.system - from.cpu.user - from.cpu.system) / 1000 / (to.at - from.at)
    this.#share = Math.min(busy, used)
    this.#from = to
    return this.#share
  }
}

function look() {
  return { at: performance.now(), loop: performance.eventLoopUtilization(), cpu: process.cpuUsage() }
}
