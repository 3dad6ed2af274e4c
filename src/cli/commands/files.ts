import type { JobFile } from '@longshore/client'
import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import type { Output } from '../output.ts'
import { showBytes } from '../render/quantities.ts'
import { safeText } from '../render/safe-text.ts'
import { type Column, renderTable } from '../render/table.ts'
import { openSession } from '../session.ts'

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
    const { client, out, signal } = session
    let rows: JobFile[] = []
    let hasHead = true
    for await (const file of client.files(id, { signal })) {
      rows.push(file)
      if (rows.length < ROWS) continue
      print(out, rows, hasHead)
      rows = []
      hasHead = false
    }
    print(out, rows, hasHead)
  })
}

/** Rows that are laid out, and held, together: a job may have 100,000 files. */
const ROWS = 1000

const COLUMNS: readonly Column<JobFile>[] = [
  { head: 'STATUS', cell: ({ status }) => status },
  { head: 'SIZE', cell: ({ size_bytes }) => (size_bytes === null ? '' : showBytes(size_bytes)), align: 'right' },
  { head: 'FILE', cell: ({ uri, error }) => safeText(error === null ? uri : `${uri}  ${error}`), cut: 'middle' },
]

function print(out: Output, rows: readonly JobFile[], hasHead: boolean): void {
  if (out.json) for (const row of rows) out.printJsonLine(row)
  else if (rows.length > 0) out.print(renderTable(COLUMNS, rows, { width: out.width, paint: out.paint, hasHead }))
}
