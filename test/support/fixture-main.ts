import { serve } from '../../src/index.ts'
import { FixtureProcessor } from './fixture-processor.ts'

await serve(new FixtureProcessor())
