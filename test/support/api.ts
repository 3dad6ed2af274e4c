import assert from 'node:assert/strict'

/** A job as the wire shows it, as far as tests look. */
export interface WireJob {
  job_id: string
  status: 'queued' | 'processing' | 'completed' | 'failed' | 'cancelled'
  attempt: number
  worker: string | null
  error: string | null
  errors: { attempt: number; code: string; message: string }[]
  result: { attempt: number; resumedFrom: number; digests: Record<string, string> } | null
  progress: { stage: string; percent?: number; message?: string } | null
  files: { total: number; done: number; failed: number; bytes: number }
  cancel_requested_at: string | null
}

/** One server-sent event. */
export interface WireEvent {
  id: number
  event: string
  data: Record<string, unknown>
}

const FINAL = new Set(['completed', 'failed', 'cancelled'])

/** Plain-HTTP helpers for tests that use a service as its clients do. */
export class Api {
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  async submit(files: readonly string[], options: Record<string, unknown> = {}): Promise<string> {
    const answer = await fetch(`${this.url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ manifest_inline: { files }, ...options }),
    })
    assert.equal(answer.status, 202, await answer.clone().text())
    return ((await answer.json()) as WireJob).job_id
  }

  /** Uploads files by form and submits them. */
  async upload(
    files: Record<string, string | Uint8Array<ArrayBuffer>>,
    options: Record<string, unknown> = {},
  ): Promise<string> {
    const form = new FormData()
    for (const [name, value] of Object.entries(options)) {
      form.append(name, typeof value === 'string' ? value : JSON.stringify(value))
    }
    for (const [name, bytes] of Object.entries(files)) form.append('file', new Blob([bytes]), name)
    const answer = await fetch(`${this.url}/ingest/upload`, { method: 'POST', body: form })
    assert.equal(answer.status, 202, await answer.clone().text())
    return ((await answer.json()) as WireJob).job_id
  }

  async job(id: string): Promise<WireJob> {
    return this.get<WireJob>(`/jobs/${id}`)
  }

  /** The job as soon as `accept` says so. */
  async until(id: string, accept: (job: WireJob) => boolean): Promise<WireJob> {
    for (;;) {
      const job = await this.get<WireJob>(`/jobs/${id}`)
      if (accept(job)) return job
      if (FINAL.has(job.status)) assert.fail(`job ${id} ended as ${job.status}: ${job.error}`)
      await this.get<WireJob>(`/jobs/${id}?wait=20`)
    }
  }

  /** The job once it has ended, however. */
  ended(id: string): Promise<WireJob> {
    return this.until(id, (job) => FINAL.has(job.status))
  }

  /** Every event of a job up to its final one. */
  async events(id: string): Promise<WireEvent[]> {
    const answer = await fetch(`${this.url}/jobs/${id}/events`)
    assert.equal(answer.status, 200)
    return parseEvents(await answer.text())
  }

  async get<Body>(path: string): Promise<Body> {
    const answer = await fetch(`${this.url}${path}`)
    assert.equal(answer.status, 200, `${path}: ${await answer.clone().text()}`)
    return (await answer.json()) as Body
  }

  post(path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: 'POST',
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
  }
}

function parseEvents(text: string): WireEvent[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('data:'))
    .map((block) => {
      const field = (name: string): string => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? ''
      return { id: Number(field('id')), event: field('event'), data: JSON.parse(field('data')) }
    })
}
