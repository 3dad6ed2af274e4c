import type { UploadOptions } from '@longshore/client'
import type { JobClient } from '@longshore/client/node'
import type { Json } from '../../contract/job.ts'
import { showInstant } from '../render/quantities.ts'
import type { Session } from '../session.ts'
import { TransferBoard } from '../transfer-board.ts'
import { jobOptionsOf } from './job-options.ts'
import { resumeCommand } from './resume-command.ts'
import type { LocalSource } from './source.ts'
import type { SubmitOptions } from './submit-options.ts'

/** An upload that is open on the service, and the command to go on with it. */
interface OpenUpload {
  readonly expiresAt: Date
  readonly resume: string
}

/**
 * Uploads files with a bar, and answers the id of the job. Whatever ends it early, the upload stays open on the service,
 * and the command to go on with it is told.
 */
export async function uploadAll(
  session: Session,
  client: JobClient,
  source: LocalSource,
  options: SubmitOptions,
  parameters: Json | undefined,
): Promise<string> {
  let open: OpenUpload | undefined
  using board = new TransferBoard(session, 'Uploading')
  try {
    return await send(client, source, options, {
      ...startOf(options, parameters),
      signal: session.signal,
      onAbort: 'keep',
      onStarted: (jobId, expiresAt) => {
        open = { expiresAt, resume: resumeCommand(session, source, options, jobId) }
        session.out.tell(`Job ${jobId}\nTo resume, should the upload break off:\n  ${open.resume}`)
      },
      onProgress: ({ sentBytes, totalBytes, sentFiles, totalFiles }) =>
        board.put({ doneBytes: sentBytes, totalBytes, doneFiles: sentFiles, totalFiles }),
    })
  } catch (failure) {
    board.clear()
    tellResume(session, open)
    throw failure
  }
}

function startOf(options: SubmitOptions, parameters: Json | undefined): UploadOptions {
  if (options.resume !== undefined) return { resume: options.resume }
  return {
    job: jobOptionsOf(options),
    ...(parameters !== undefined && { parameters }),
    ...(options.idempotencyKey !== undefined && { idempotencyKey: options.idempotencyKey }),
  }
}

function send(
  client: JobClient,
  source: LocalSource,
  { include, exclude }: SubmitOptions,
  how: UploadOptions,
): Promise<string> {
  if (source.kind === 'files') return client.uploadFiles(source.paths, how)
  const choice = { ...(include !== undefined && { include }), ...(exclude !== undefined && { exclude }) }
  return client.uploadDirectory(source.folder, { ...choice, ...how })
}

function tellResume({ out, world, signal }: Session, open: OpenUpload | undefined): void {
  if (open === undefined) {
    if (signal.aborted) out.warn('Interrupted before anything was uploaded.')
    return
  }
  const what = signal.aborted ? 'Interrupted' : 'The upload broke off'
  const until = showInstant(open.expiresAt.toISOString(), world.clock.now())
  out.warn(`${what}; what has arrived is kept until ${until}.\nTo resume:\n  ${open.resume}`)
}
