import { createApp } from '../../src/index.ts'
import TroubledProcessor from './troubled-processor.ts'

/** A module that starts a service when it is loaded, as no module of an execution may. */
createApp(new TroubledProcessor())

export default TroubledProcessor
