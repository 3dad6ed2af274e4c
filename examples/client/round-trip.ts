import { JobClient } from '@longshore/client/node'

const client = new JobClient({ url: process.env.LONGSHORE_URL ?? 'http://127.0.0.1:8000' })

const { job, downloaded } = await client.process(process.argv.slice(2), {
  outputDir: 'results',
  onProgress: (progress) => {
    if (progress.stage === 'upload') console.log(`uploaded ${progress.sentBytes} of ${progress.totalBytes} bytes`)
    if (progress.stage === 'job') console.log(progress.job.status, progress.job.progress?.message ?? '')
  },
})
console.log(job.result)
for (const { path } of downloaded) console.log(path)
