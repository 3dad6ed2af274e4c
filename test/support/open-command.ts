import { systemClock } from '../../src/base/clock.ts'
import { Lifecycle } from '../../src/base/lifecycle.ts'
import { CommandExecutor } from '../../src/processor/command/command-executor.ts'
import { type CommandOptions, CommandProcessor } from '../../src/processor/command/command-processor.ts'
import type { Execution } from '../../src/processor/executor.ts'
import { Supervisor } from '../../src/processor/supervisor/supervisor.ts'
import { testExecution } from './test-execution.ts'

/** Starts what runs programs; `run` makes a processor of a command, and one attempt of it. */
export async function openCommands() {
  const supervisor = new Supervisor()
  const lifecycle = new Lifecycle([supervisor])
  await lifecycle.start()
  const run = (
    command: readonly [string, ...string[]],
    options: Partial<CommandOptions> = {},
    overrides: Partial<Execution> = {},
  ) => {
    const processor = new CommandProcessor({ name: 'program', version: '1.0.0', command, ...options })
    const executor = new CommandExecutor(processor, { supervisor, clock: systemClock, abortGraceMs: 300 })
    const asked = testExecution(overrides)
    return { ...asked, result: executor.execute(asked.execution) }
  }
  /** The same with a script of the shell's, as a program is most easily written down. */
  const sh = (script: string, options: Partial<CommandOptions> = {}, overrides: Partial<Execution> = {}) =>
    run(['sh', '-c', script, 'sh', '{outdir}'], options, overrides)
  return { run, sh, supervisor, [Symbol.asyncDispose]: () => lifecycle.stop() }
}
