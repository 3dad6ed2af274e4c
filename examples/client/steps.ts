import { JobClient, JobFailedError } from '@longshore/client'
import { z } from 'zod'

const client = new JobClient({
  url: process.env.LONGSHORE_URL ?? 'http://127.0.0.1:8000',
  schemas: { result: z.object({ digests: z.record(z.string(), z.string()) }) },
})

const jobId = await client.uploadFiles([{ name: 'abc.txt', data: new Blob(['abc']) }])
try {
  const { result } = await client.waitForJob(jobId, { timeoutMs: 600_000 })
  console.log(result.digests['abc.txt'])
} catch (failure) {
  if (failure instanceof JobFailedError) console.error(failure.code, failure.job.errors)
  throw failure
}
for await (const { id, type } of client.jobEvents(jobId)) console.log(id, type)
