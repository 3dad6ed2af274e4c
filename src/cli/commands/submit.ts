import type { Job } from '@longshore/client'
import type { JobClient } from '@longshore/client/node'
import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { awaitJobs } from '../jobs/await-jobs.ts'
import { downloadAll } from '../jobs/download-all.ts'
import { amount, collect, withServiceOptions } from '../options.ts'
import { safeJson } from '../render/safe-text.ts'
import { openSession, type Session } from '../session.ts'
import { jobOptionsOf, withJobOptions } from '../submit/job-options.ts'
import { readParameters } from '../submit/parameters.ts'
import { expectNoFolder, type Source, sourceOf } from '../submit/source.ts'
import type { SubmitOptions } from '../submit/submit-options.ts'
import { uploadAll } from '../submit/upload.ts'

/** `longshore submit`: hands work to the service. */
export function submitCommand(context: CliContext): Command {
  const command = new Command('submit')
    .summary('upload files, or name a manifest, as a job')
    .description(
      'Submits a job: uploads files, or names a manifest of objects that are in the store already. ' +
        'Prints the id of the job; with --wait its result; with --json the job.',
    )
    .argument('[files...]', 'files to upload')
  return withServiceOptions(jobOptions(sourceOptions(command)))
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: SubmitOptions) => {
      const source = sourceOf(paths, options)
      await expectNoFolder(source)
      const session = await openSession(context, options)
      await submit(session, source, options)
    })
}

function sourceOptions(command: Command): Command {
  return command
    .optionsGroup('Files:')
    .option('--manifest <uri>', 's3 URI of a list of objects, in JSON or JSON Lines')
    .option('--dir <dir>', 'upload the files of a folder and of those in it, named by their path from there')
    .option(
      '--include <glob>',
      'of --dir only what matches, e.g. "**/*.roi"; may be given several times',
      collect(String),
    )
    .option('--exclude <glob>', 'of --dir nothing that matches; may be given several times', collect(String))
    .option('--resume <job>', 'go on with an upload that broke off: give the same files')
    .optionsGroup('Results:')
    .option('-w, --wait', 'wait until the job has ended; exit with 1 unless it has completed')
    .option('-o, --output <dir>', 'wait, then download the outputs into this folder')
    .option('--overwrite', 'replace files that are in that folder already')
}

function jobOptions(command: Command): Command {
  return withJobOptions(command.optionsGroup('Job:'))
    .option('--delay <seconds>', 'not before so many seconds from now', amount)
    .option('--idempotency-key <key>', 'submits with the same key and the same request are one job')
}

const EXAMPLES = `
Examples:
  longshore submit scan.dat --wait
  longshore submit --dir bins --include '**/*.{adc,hdr,roi}' -p threshold=0.4 --output results
  longshore submit --manifest s3://bucket/list.jsonl --label run=42
  job=$(longshore submit *.dat --quiet) && longshore watch "$job"

Ctrl-C during an upload keeps what has arrived, and prints the command that resumes it.`

async function submit(session: Session, source: Source, options: SubmitOptions): Promise<void> {
  const parameters = await readParameters(options)
  const client = await session.patientClient()
  const jobId =
    source.kind === 'manifest'
      ? await submitManifest(session, client, source.uri, options, parameters)
      : await uploadAll(session, client, source, options, parameters)
  if (options.wait || options.output !== undefined) await seeThrough(session, client, jobId, options)
  else await printSubmitted(session, client, jobId)
}

async function submitManifest(
  { signal }: Session,
  client: JobClient,
  uri: string,
  options: SubmitOptions,
  parameters: Awaited<ReturnType<typeof readParameters>>,
): Promise<string> {
  const request = { ...jobOptionsOf(options), manifest_uri: uri, ...(parameters !== undefined && { parameters }) }
  const key = options.idempotencyKey
  const submitted = await client.submitJob(request, { signal, ...(key !== undefined && { idempotencyKey: key }) })
  return submitted.job_id
}

async function printSubmitted({ out, signal, commandLine }: Session, client: JobClient, jobId: string): Promise<void> {
  if (out.json) return out.printJson(await client.getJob(jobId, { signal }))
  out.print(jobId)
  out.tell(`To watch it: ${commandLine('watch', jobId)}`)
}

async function seeThrough(session: Session, client: JobClient, jobId: string, options: SubmitOptions): Promise<void> {
  const [job] = await awaitJobs(session, client, [jobId])
  if (job === undefined) return
  const { out } = session
  if (job.status !== 'completed' || options.output === undefined) return printEnded(session, job)
  const downloaded = await downloadAll(session, client, jobId, options.output, options.overwrite === true)
  if (out.json) out.printJson({ ...job, downloaded })
  else printEnded(session, job)
}

function printEnded({ out, commandLine }: Session, job: Job): void {
  if (out.json) out.printJson(job)
  else if (job.status === 'completed') out.print(safeJson(job.result, 2))
  else out.tell(`More about it: ${commandLine('job', job.job_id)}`)
}
