import { pino } from 'pino'
import { serve } from '../../src/index.ts'
import { FixtureProcessor } from './fixture-processor.ts'

/** Dies by SIGKILL when a job has ended: that is on disk, and nothing that follows has happened yet. */
const logger = pino(
  { level: 'info' },
  {
    write(line) {
      if (line.includes('"job.completed"')) process.kill(process.pid, 'SIGKILL')
      process.stdout.write(line)
    },
  },
)

await serve(new FixtureProcessor(), { logger })
