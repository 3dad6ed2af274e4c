import { fileURLToPath } from 'node:url'
import { CommandProcessor, serve } from '../../src/index.ts'
import ChaosProcessor from './chaos-processor.ts'
import { ChaosParameters, ChaosResult } from './work.ts'

/** Serves the chaos processor, run as `LONGSHORE_CHAOS_EXECUTION` says. */
const kind = process.env.LONGSHORE_CHAOS_EXECUTION
const module = new URL('./chaos-processor.ts', import.meta.url)

if (kind === 'command') await serve(program())
else if (kind === 'thread' || kind === 'process') await serve(new ChaosProcessor(), { execution: { kind, module } })
else await serve(new ChaosProcessor())

function program(): CommandProcessor {
  return new CommandProcessor({
    name: 'chaos',
    version: '1.0.0',
    command: ['python3', fileURLToPath(new URL('./chaos_program.py', import.meta.url))],
    resultSchema: ChaosResult,
    parametersSchema: ChaosParameters,
    passEnv: ['PATH', 'HOME', 'LONGSHORE_CHAOS_RUN', 'LONGSHORE_CHAOS_EFFECTS'],
  })
}
