import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import * as contract from '../../contract/ingest.ts'
import type { AnnouncedFile } from '../../input/ingest-files.ts'
import { idempotencyOf } from '../../input/job-request.ts'
import type { PartUrl } from '../../input/part-urls.ts'
import { idempotencyKeyOf } from '../idempotency-key.ts'
import { viewCompleted, viewIngest, viewStarted, viewUrls } from '../ingest-view.ts'
import { timestamp } from '../job-view.ts'
import { describe, empty, json, type Room, type Routes, routeOf } from '../room.ts'

/** Upload sessions: start, complete, resume, abort. */
export const ingestRoutes: Routes = (app, room) => {
  startIngest(app, room)
  completeFile(app, room)

  app.route({
    ...routeOf('getIngest', room),
    schema: describe('getIngest', {
      params: contract.IngestPath,
      response: { 200: json('What was received', contract.IngestState) },
    }),
    handler: async (request) => {
      const { ingest, parts } = await room.ingests.state(request.params.job_id)
      return viewIngest(ingest, parts)
    },
  })

  app.route({
    ...routeOf('renewParts', room),
    schema: describe('renewParts', {
      params: contract.IngestFilePath,
      body: contract.RenewParts,
      response: { 200: json('Fresh URLs', contract.RenewedParts) },
    }),
    handler: async (request) => {
      const { job_id, file_id } = request.params
      const { urls, expiresAt } = await room.ingests.renewParts(job_id, file_id, request.body.part_numbers)
      return { part_urls: viewUrls(absoluteUrls(room, request, urls)), expires_at: timestamp(expiresAt) }
    },
  })

  app.route({
    ...routeOf('abortIngest', room),
    schema: describe('abortIngest', {
      params: contract.IngestPath,
      response: { 204: empty('The ingest and all it uploaded are gone') },
    }),
    handler: async (request, reply) => {
      await room.ingests.abort(request.params.job_id)
      return reply.code(204).send()
    },
  })
}

const startIngest: Routes = (app, room) => {
  app.route({
    ...routeOf('startIngest', room),
    schema: describe('startIngest', {
      body: contract.StartIngest,
      response: { 200: json('Where to put the parts', contract.StartedIngest) },
    }),
    handler: async (request, reply) => {
      const { files, ...options } = request.body
      const key = idempotencyKeyOf(request)
      const idempotency = key === undefined ? key : idempotencyOf(key, 'startIngest', request.body)
      const { ingest, replayed } = await room.ingests.open(files.map(announced), options, {
        tenant: room.callerOf(request).tenant,
        idempotency,
        traceparent: room.traceparentOf(request),
      })
      const urls: PartUrl[][] = []
      for (const file of ingest.files)
        urls.push(absoluteUrls(room, request, await room.ingests.signParts(ingest, file)))
      if (replayed) reply.header('idempotency-replayed', 'true')
      return viewStarted(ingest, urls)
    },
  })
}

const completeFile: Routes = (app, room) => {
  app.route({
    ...routeOf('completeFile', room),
    schema: describe('completeFile', {
      body: contract.CompleteFile,
      response: { 200: json('The file is complete', contract.CompletedFile) },
    }),
    handler: async (request) => {
      const { job_id, file_id, upload_id, parts } = request.body
      await room.own.checkIngest(request, job_id)
      const claimed = parts.map(({ PartNumber, ETag }) => ({ partNumber: PartNumber, etag: ETag }))
      const upload = { fileId: file_id, uploadId: upload_id, parts: claimed }
      return viewCompleted(await room.ingests.completeFile(job_id, upload))
    },
  })
}

function announced(file: z.output<typeof contract.StartIngest>['files'][number]): AnnouncedFile {
  return {
    filename: file.filename,
    sizeBytes: file.size_bytes,
    ...(file.sha256 !== undefined && { sha256: file.sha256 }),
    ...(file.content_type !== undefined && { contentType: file.content_type }),
  }
}

function absoluteUrls(room: Room, request: FastifyRequest, urls: readonly PartUrl[]): PartUrl[] {
  return urls.map(({ partNumber, url }) => ({ partNumber, url: room.absolute(request, url) }))
}
