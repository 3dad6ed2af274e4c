import { z } from 'zod'
import { Job as JobSchema } from '../../src/contract/job.ts'
import { type Reader, readJson } from './answers.ts'
import { LongshoreError } from './errors.ts'
import type { JobSchemas, Typing } from './processor-shape.ts'
import type { Job } from './shapes.ts'

/** The contract's job, typed by the processor: the service has checked parameters and result against its schemas. */
export function jobSchema<T extends Typing>(): z.ZodType<Job<T>> {
  return JobSchema as unknown as z.ZodType<Job<T>>
}

/** Reads one job; its result is held against the schema that the client was given, if it was. */
export function jobReader<T extends Typing>(schemas: JobSchemas | undefined): Reader<Job<T>> {
  return async (response) => {
    const job = await readJson(jobSchema<T>(), response)
    if (job.status === 'completed') await checkResult(job, schemas?.result)
    return job
  }
}

/** What the schema would make of the result is left: a result is what JSON carries, with a schema given or without. */
async function checkResult({ job_id, result, processor }: Job, schema: z.ZodType | undefined): Promise<void> {
  const checked = await schema?.safeParseAsync(result)
  if (checked === undefined || checked.success) return
  const { name, version } = processor
  const message = `The result of job ${job_id} is not as the client's schemas.result says; it was made by ${name} ${version}: ${z.prettifyError(checked.error)}`
  throw new LongshoreError({ code: 'RESULT_UNEXPECTED', message, jobId: job_id, cause: checked.error })
}
