import { describe } from 'node:test'
import { admissionRules } from './job-engine/admission-rules.ts'
import { attemptRules } from './job-engine/attempt-rules.ts'
import type { MakeEngine } from './job-engine/bench.ts'
import { dispatchRules } from './job-engine/dispatch-rules.ts'
import { eventRules } from './job-engine/event-rules.ts'
import { housekeepingRules } from './job-engine/housekeeping-rules.ts'
import { listingRules } from './job-engine/listing-rules.ts'
import { modelRules } from './job-engine/model-rules.ts'
import { newbornRules } from './job-engine/newborn-rules.ts'
import { orderRules } from './job-engine/order-rules.ts'
import { peopleRules } from './job-engine/people-rules.ts'
import { recordRules } from './job-engine/record-rules.ts'

export type { EngineBench, MakeEngine } from './job-engine/bench.ts'

/** What every job engine keeps to, whatever it stands on. `makeEngine` gives a started engine on an empty store. */
export function jobEngineConformance(name: string, makeEngine: MakeEngine): void {
  describe(`${name} is a job engine`, () => {
    recordRules(makeEngine)
    listingRules(makeEngine)
    orderRules(makeEngine)
    dispatchRules(makeEngine)
    newbornRules(makeEngine)
    admissionRules(makeEngine)
    attemptRules(makeEngine)
    peopleRules(makeEngine)
    eventRules(makeEngine)
    housekeepingRules(makeEngine)
    modelRules(makeEngine)
  })
}
