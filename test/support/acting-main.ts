import { serve } from '../../src/index.ts'
import ActingProcessor from './acting-processor.ts'
import { actingProgram } from './acting-program.ts'

/** Serves the acting processor, run as `LONGSHORE_TEST_EXECUTION` says. */
const module = new URL('./acting-processor.ts', import.meta.url)
const kind = process.env.LONGSHORE_TEST_EXECUTION
if (kind === 'thread' || kind === 'process') await serve(new ActingProcessor(), { execution: { kind, module } })
else await serve(actingProgram())
