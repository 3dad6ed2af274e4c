import type { JobOutput } from '@longshore/client'
import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { downloadAll } from '../jobs/download-all.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import { showBytes } from '../render/quantities.ts'
import { safeText } from '../render/safe-text.ts'
import { type Column, renderTable } from '../render/table.ts'
import { openSession, type Session } from '../session.ts'

interface OutputsOptions extends ServiceOptions {
  readonly download?: string
  readonly overwrite?: true
}

/** `longshore outputs ID`: what a completed job left, listed or brought home. */
export function outputsCommand(context: CliContext): Command {
  const command = new Command('outputs')
    .summary('list, or download, what a completed job left')
    .description(
      'Lists what a completed job left, or downloads it: each file takes its name only when it is whole, and one that ' +
        'is there already is not fetched again. With --download: prints the paths.',
    )
    .argument('<id>', 'id of the job')
    .option('-d, --download <dir>', 'download all of it into this folder')
    .option('--overwrite', 'replace other files that are there already')
  return withServiceOptions(command).action(async (id: string, options: OutputsOptions) => {
    const session = await openSession(context, options)
    if (options.download === undefined) return list(session, id)
    await download(session, id, options.download, options.overwrite === true)
  })
}

const COLUMNS: readonly Column<JobOutput>[] = [
  { head: 'SIZE', cell: ({ size_bytes }) => showBytes(size_bytes), align: 'right' },
  { head: 'TYPE', cell: ({ media_type }) => safeText(media_type), fromWidth: 60 },
  { head: 'OUTPUT', cell: ({ uri }) => safeText(uri), cut: 'middle' },
]

async function list({ client, out, signal }: Session, id: string): Promise<void> {
  const outputs = await client.outputs(id, { signal })
  if (out.json) out.printJson(outputs)
  else if (outputs.length === 0) out.tell('The job left no outputs.')
  else out.print(renderTable(COLUMNS, outputs, out))
}

async function download(session: Session, id: string, folder: string, overwrite: boolean): Promise<void> {
  const { out } = session
  const files = await downloadAll(session, await session.patientClient(), id, folder, overwrite)
  if (out.json) out.printJson(files)
  else for (const { path } of files) out.print(safeText(path))
}
