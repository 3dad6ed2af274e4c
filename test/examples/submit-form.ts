import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { z } from 'zod'

/** A file of a form, by its content. */
export interface FormFile {
  name: string
  data: string | Uint8Array<ArrayBuffer>
}

const Submitted = z.object({ job_id: z.string(), status: z.literal('queued') })

/** Submits as `curl -F file=@… -F file=@… URL/ingest/upload` does, and answers the job's id. */
export async function submitForm(url: string, files: readonly FormFile[], parameters?: unknown): Promise<string> {
  const form = new FormData()
  for (const { name, data } of files) form.append('file', new Blob([data]), name)
  if (parameters !== undefined) form.append('parameters', JSON.stringify(parameters))
  const response = await fetch(`${url}/ingest/upload`, { method: 'POST', body: form })
  const body: unknown = await response.json()
  assert.equal(response.status, 202, JSON.stringify(body))
  return Submitted.parse(body).job_id
}

/** Reads files from disk for a form. */
export function formFiles(paths: readonly string[]): Promise<FormFile[]> {
  return Promise.all(paths.map(async (path) => ({ name: basename(path), data: new Uint8Array(await readFile(path)) })))
}
