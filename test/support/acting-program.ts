import { fileURLToPath } from 'node:url'
import { CommandProcessor } from '../../src/index.ts'
import { Parameters, Result } from './acting-processor.ts'

/** The acting processor as a program. */
export function actingProgram(): CommandProcessor {
  return new CommandProcessor({
    name: 'acting',
    version: '1.0.0',
    command: ['python3', fileURLToPath(new URL('./acting.py', import.meta.url))],
    resultSchema: Result,
    parametersSchema: Parameters,
    passEnv: ['PATH', 'HOME', 'LONGSHORE_TEST_RUN'],
  })
}
