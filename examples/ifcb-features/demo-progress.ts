import { Presets, SingleBar } from 'cli-progress'

/** Shows how far one step is. */
export interface StepProgress {
  /** @param percent 0 to 100 */
  update(percent: number, message: string): void
  /** Leaves what it shows where it is. */
  stop(): void
}

/** A bar on a terminal; elsewhere plain lines, one for every tenth of the way, as logs and pipes want them. */
export function showStep(step: string): StepProgress {
  return process.stdout.isTTY ? barFor(step) : linesFor(step)
}

function barFor(step: string): StepProgress {
  const format = `${step.padEnd(11)} {bar} {percentage}% {message}`
  const bar = new SingleBar({ format, hideCursor: true, barsize: 30, stream: process.stdout }, Presets.shades_classic)
  bar.start(100, 0, { message: '' })
  return { update: (percent, message) => bar.update(Math.floor(percent), { message }), stop: () => bar.stop() }
}

function linesFor(step: string): StepProgress {
  let shownTenth = -1
  let last = ''
  let shown = ''
  const show = (): void => {
    if (last !== shown) console.log(last)
    shown = last
  }
  return {
    update: (percent, message) => {
      last = `${step.padEnd(11)} ${String(Math.floor(percent)).padStart(3)}% ${message}`
      const tenth = Math.floor(percent / 10)
      // What comes at 100 % may still change: the last line is for `stop`.
      if (tenth <= shownTenth || tenth === 10) return
      shownTenth = tenth
      show()
    },
    stop: show,
  }
}
