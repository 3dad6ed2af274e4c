#!/usr/bin/env node
import { systemClock } from '../base/clock.ts'
import { messageOf, systemCodeOf } from '../base/errors.ts'
import { environment } from '../config.ts'
import { EXIT } from './exit-codes.ts'
import { processInterrupts } from './interrupts.ts'
import { runCli } from './program.ts'

const { stdin, stdout, stderr } = process

for (const stream of [stdout, stderr]) {
  stream.on('error', (failure) => {
    // Whoever read the output, say `head`, has seen enough.
    if (systemCodeOf(failure) === 'EPIPE') process.exit()
    if (stream === stdout) stderr.write(`error: the output cannot be written: ${messageOf(failure)}\n`)
    process.exit(EXIT.failed)
  })
}

const world = { stdin, stdout, stderr, env: environment(), clock: systemClock, interrupts: processInterrupts }
// The clock's timers keep no process alive, and a command may wait for one alone.
const { port1: untilItEnds } = new MessageChannel()
untilItEnds.ref()
process.exitCode = await runCli(process.argv.slice(2), world)
untilItEnds.close()
