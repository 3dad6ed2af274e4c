import { serve } from 'longshore'
import { IfcbFeatures } from './processor.ts'

/** Serves the processor, configured by the environment and by `.env` in the current folder, until it is told to stop. */
await serve(new IfcbFeatures())
