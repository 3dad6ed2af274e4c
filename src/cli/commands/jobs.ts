import type { Job, JobQuery } from '@longshore/client'
import { Command, Option } from 'commander'
import type { CliContext } from '../context.ts'
import { type FilterOptions, filterOf, withFilterOptions } from '../jobs/job-filter.ts'
import { type ServiceOptions, wholeNumber, withServiceOptions } from '../options.ts'
import { renderJobs } from '../render/job-table.ts'
import { openSession, type Session } from '../session.ts'

interface JobsOptions extends ServiceOptions, FilterOptions {
  readonly limit: number
  readonly all?: true
}

/** Jobs of one page at most. */
const PAGE = 100

/** Jobs that are shown unless it is said how many. */
const SHOWN = 20

/** `longshore jobs`: the jobs of a service, newest first. */
export function jobsCommand(context: CliContext): Command {
  const command = new Command('jobs')
    .summary('list jobs, newest first')
    .description('Lists jobs, newest first. With --json: one job a line.')
    .addHelpText('after', EXAMPLES)
  withFilterOptions(command)
    .addOption(
      new Option('-n, --limit <count>', 'at most so many').argParser(wholeNumber(1)).default(SHOWN).conflicts('all'),
    )
    .option('--all', 'all of them')
  return withServiceOptions(command).action(async (options: JobsOptions) => {
    const session = await openSession(context, options)
    if (options.all) await listAll(session, filterOf(options))
    else await listSome(session, filterOf(options), options.limit)
  })
}

const EXAMPLES = `
Examples:
  longshore jobs --status failed              what needs a look
  longshore jobs --label run=42 --all --json  every job of a run, for a program`

async function listSome(session: Session, query: JobQuery, limit: number): Promise<void> {
  const { out, signal } = session
  const jobs: Job[] = []
  let hasMore = false
  for await (const job of session.client.allJobs({ ...query, limit: Math.min(PAGE, limit + 1) }, { signal })) {
    hasMore = jobs.length === limit
    if (hasMore) break
    jobs.push(job)
  }
  print(session, jobs)
  if (hasMore && !out.json) out.tell(`There are more than these ${limit}: --limit ${limit * 5} shows more, --all all.`)
}

/** A page at a time: nobody waits for the last to see the first, and no number of jobs is too large. */
async function listAll(session: Session, query: JobQuery): Promise<void> {
  const { client, signal } = session
  let cursor: string | null | undefined
  do {
    const page = await client.listJobs({ ...query, limit: PAGE, ...(cursor && { cursor }) }, { signal })
    const hasHead = cursor === undefined
    if (page.jobs.length > 0 || hasHead) print(session, page.jobs, hasHead)
    cursor = page.next
  } while (cursor !== null)
}

function print({ out, world }: Session, jobs: readonly Job[], hasHead = true): void {
  if (out.json) for (const job of jobs) out.printJsonLine(job)
  else if (jobs.length === 0) out.tell('There are no such jobs.')
  else out.print(renderJobs(jobs, { width: out.width, paint: out.paint, nowMs: world.clock.now(), hasHead }))
}
