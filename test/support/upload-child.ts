import { JobClient } from '@longshore/client/node'

/** Uploads a file in a process of its own, or goes on with an upload; says on its channel how far it is. */
const [url = '', path = '', resume] = process.argv.slice(2)

const jobId = await new JobClient({ url }).uploadFiles([path], {
  ...(resume !== undefined && { resume }),
  onStarted: (started) => void process.send?.({ started }),
  onProgress: ({ sentBytes }) => void process.send?.({ sentBytes }),
})
process.send?.({ jobId }, () => process.disconnect())
