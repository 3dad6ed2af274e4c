import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'

/** What a webhook says: that a job has ended, how, and the job as `GET /jobs/{id}` gives it. */
interface Told {
  type: 'job.completed' | 'job.failed' | 'job.cancelled'
  timestamp: string
  data: { job_id: string; error: string | null; result: unknown }
}

const verifier = new Webhook(process.env.WEBHOOK_SECRET ?? '')

/** Ids of the webhooks that were acted on. A receiver of many machines keeps them in its database. */
const seen = new Set<string>()

const server = createServer(async (request, response) => {
  const body = await text(request)
  const headers = request.headers as Record<string, string>
  let told: Told
  try {
    told = verifier.verify(body, headers) as Told
  } catch {
    // Not from the service, or older than five minutes: someone else may have recorded it.
    response.writeHead(401).end()
    return
  }
  // The service tells until it is answered, so the same end may be told twice, with the same id.
  const id = headers['webhook-id'] ?? ''
  if (!seen.has(id)) {
    seen.add(id)
    console.log(told.type, told.data.job_id, JSON.stringify(told.data.result ?? told.data.error))
  }
  response.writeHead(204).end()
})

server.listen(Number(process.env.RECEIVER_PORT ?? 9000), '127.0.0.1', () => {
  const address = server.address()
  console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : address}/`)
})
