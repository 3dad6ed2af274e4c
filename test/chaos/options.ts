import { parseArgs } from 'node:util'

/** How long, how much and how bad. */
export interface ChaosOptions {
  /** The same seed, with the same other options, plans the same jobs and the same faults at the same times. */
  seed: number
  /** Jobs are submitted, and faults strike, for so long. */
  durationMs: number
  jobs: number
  faults: number
  leaseMs: number
  /** Jobs are to be over so long after the last fault. */
  settleMs: number
  /** Keep the logs of a run that found nothing. */
  keep: boolean
}

const USAGE = `npm run chaos -- [--seed N] [--seconds 60] [--jobs 400] [--faults 20] [--lease 5] [--settle 120] [--keep]

Submits jobs to four services over one PostgreSQL and one S3 server while faults strike, and checks in the end that none
was lost or done twice. Prints its seed; the same seed plans the same run.`

/** Reads the command line; prints the usage and exits when it is asked for, or not understood. */
export function readOptions(args: readonly string[]): ChaosOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
        seconds: { type: 'string', default: '60' },
        jobs: { type: 'string', default: '400' },
        faults: { type: 'string', default: '20' },
        lease: { type: 'string', default: '5' },
        settle: { type: 'string', default: '120' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) usage(0)
    return {
      seed: numberOf('seed', values.seed),
      durationMs: 1000 * numberOf('seconds', values.seconds),
      jobs: numberOf('jobs', values.jobs),
      faults: numberOf('faults', values.faults),
      leaseMs: 1000 * numberOf('lease', values.lease),
      settleMs: 1000 * numberOf('settle', values.settle),
      keep: values.keep,
    }
  } catch (failure) {
    process.stderr.write(`${failure instanceof Error ? failure.message : failure}\n\n`)
    return usage(2)
  }
}

function numberOf(name: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  throw new RangeError(`Expected --${name} to be a whole number, got "${text}".`)
}

function usage(code: number): never {
  process.stderr.write(`${USAGE}\n`)
  process.exit(code)
}
