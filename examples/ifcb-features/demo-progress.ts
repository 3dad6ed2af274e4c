import { createLogUpdate } from 'log-update'

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

/** Columns of the bar. */
const BAR = 30

function barFor(step: string): StepProgress {
  const draw = createLogUpdate(process.stdout)
  return {
    update: (percent, message) => {
      const full = Math.floor((percent / 100) * BAR)
      const bar = '█'.repeat(full) + '░'.repeat(BAR - full)
      draw(`${step.padEnd(11)} ${bar} ${describe(percent, message)}`)
    },
    stop: () => draw.done(),
  }
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
      last = `${step.padEnd(11)} ${describe(percent, message)}`
      const tenth = Math.floor(percent / 10)
      // What comes at 100 % may still change: the last line is for `stop`.
      if (tenth <= shownTenth || tenth === 10) return
      shownTenth = tenth
      show()
    },
    stop: show,
  }
}

function describe(percent: number, message: string): string {
  return `${String(Math.floor(percent)).padStart(3)}% ${message}`
}
