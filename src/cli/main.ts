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
// The clock's timers keep no process alive, and a command may wait for one alone.
const { port1: untilItEnds } = new MessageChannel()
untilItEnds.ref()
process.exitCode = await runCli(process.argv.slice(2), world)
untilItEnds.close()
