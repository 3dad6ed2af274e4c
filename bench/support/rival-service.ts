import Fastify from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { z } from '../../src/index.ts'

/** What a service hand-wired around a queue library needs of that library. */
export interface RivalQueue {
  /** Resolves with the job's id once the job is on disk. */
  add(payload: Payload): Promise<string>
  /** Status and result of a job, for `GET`. */
  get(id: string): Promise<{ status: string; result: unknown } | undefined>
  /** Jobs that have not ended. */
  unfinished(): Promise<number>
  close(): Promise<void>
}

/** What a job is submitted with. */
type Payload = z.infer<typeof Payload>

const Payload = z.strictObject({ manifest_inline: z.strictObject({ files: z.array(z.string()).min(1) }) })
const Accepted = z.object({ job_id: z.string(), status: z.literal('queued') })
const Found = z.object({ job_id: z.string(), status: z.string(), result: z.unknown() })

/** Serves a queue over HTTP as Longshore serves its own: checked requests, 202 once durable, GET for status and result. */
export async function serveRival(queue: RivalQueue): Promise<void> {
  const app = Fastify()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.post<{ Body: Payload }>(
    '/jobs',
    { schema: { body: Payload, response: { 202: Accepted } } },
    async (request, reply) => reply.code(202).send({ job_id: await queue.add(request.body), status: 'queued' }),
  )
  app.get<{ Params: { id: string } }>('/jobs/:id', { schema: { response: { 200: Found } } }, async (request, reply) => {
    const found = await queue.get(request.params.id)
    return found ? { job_id: request.params.id, ...found } : reply.code(404).send()
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  process.on('message', async (asked) => {
    if (asked === 'unfinished') process.send?.(await queue.unfinished())
  })
  process.on('disconnect', async () => {
    await app.close()
    await queue.close()
    process.exit()
  })
  process.send?.({ url, uri: 's3://longshore/x.txt' })
}
