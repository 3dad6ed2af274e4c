import type { JobFile } from '@longshore/client'
import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import { showBytes } from '../render/quantities.ts'
import { safeText } from '../render/safe-text.ts'
import { type Column, renderTable } from '../render/table.ts'
import { openSession, type Session } from '../session.ts'

/** `longshore files ID`: what became of each input file of a job. */
export function filesCommand(context: CliContext): Command {
  const command = new Command('files')
    .summary('list what became of each input file of a job')
    .description(
      'Lists what became of each input file of a job, in the order of its manifest. With --json: one file a line.',
    )
    .argument('<id>', 'id of the job')
  return withServiceOptions(command).action(async (id: string, options: ServiceOptions) => {
    const session = await openSession(context, options)
    let rows: JobFile[] = []
    for await (const file of session.client.files(id, { signal: session.signal })) {
      rows.push(file)
      if (rows.length === ROWS) rows = print(session, rows)
    }
    print(session, rows)
  })
}

/** Rows that are laid out, and held, together: a job may have 100,000 files. */
const ROWS = 1000

const COLUMNS: readonly Column<JobFile>[] = [
  { head: 'STATUS', cell: ({ status }) => status },
  { head: 'SIZE', cell: ({ size_bytes }) => (size_bytes === null ? '' : showBytes(size_bytes)), align: 'right' },
  { head: 'FILE', cell: ({ uri, error }) => safeText(error === null ? uri : `${uri}  ${error}`) },
]

function print({ out }: Session, rows: readonly JobFile[]): JobFile[] {
  if (out.json) for (const row of rows) out.printJsonLine(row)
  else if (rows.length > 0) out.print(renderTable(COLUMNS, rows, { width: out.width, head: bold(out) }))
  return []
}

function bold({ paint }: Session['out']): (text: string) => string {
  return (text) => paint('bold', text)
}
