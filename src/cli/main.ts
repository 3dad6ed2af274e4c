#!/usr/bin/env node
import { systemClock } from '../base/clock.ts'
import { systemCodeOf } from '../base/errors.ts'
import { environment } from '../config.ts'
import { processInterrupts } from './interrupts.ts'
import { runCli } from './program.ts'

const { stdin, stdout, stderr } = process

// Whoever read the output, say `head`, has seen enough.
for (const stream of [stdout, stderr]) {
  stream.on('error', (failure) => {
    if (systemCodeOf(failure) !== 'EPIPE') throw failure
    process.exit()
  })
}

const world = { stdin, stdout, stderr, env: environment(), clock: systemClock, interrupts: processInterrupts }
process.exitCode = await runCli(process.argv.slice(2), world)
