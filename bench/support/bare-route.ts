import Fastify from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { SubmitJob } from '../../src/contract/job.ts'

/** The route of a submit with the same validation, answering a constant: what Fastify and zod alone can do. */
const app = Fastify()
app.setValidatorCompiler(validatorCompiler)
app.setSerializerCompiler(serializerCompiler)
const answer = {
  job_id: '01890a5d-ac96-774b-bcce-b302099a8057',
  status: 'queued',
  created_at: '2026-01-01T00:00:00.000Z',
}
app.post('/jobs', { schema: { body: SubmitJob } }, (_request, reply) => reply.code(202).send(answer))
const url = await app.listen({ host: '127.0.0.1', port: 0 })
process.on('disconnect', () => app.close())
process.send?.({ url, uri: 's3://longshore/x.txt' })
