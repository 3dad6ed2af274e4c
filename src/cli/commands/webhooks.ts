import type { Delivery } from '@longshore/client'
import { Command } from 'commander'
import { LongshoreError } from '../../base/errors.ts'
import type { CliContext } from '../context.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import { showInstant } from '../render/quantities.ts'
import { safeText } from '../render/safe-text.ts'
import { type Column, renderTable } from '../render/table.ts'
import { openSession } from '../session.ts'

/** `longshore webhooks`: what was told of the ends of jobs. */
export function webhooksCommand(context: CliContext): Command {
  return new Command('webhooks')
    .summary('list or resend what was told of the end of a job')
    .description('Looks at what was told of the ends of a job to its callback URL, and tells it once more.')
    .addCommand(listCommand(context))
    .addCommand(resendCommand(context))
}

function listCommand(context: CliContext): Command {
  const command = new Command('list')
    .description('list the deliveries of a job, newest first; with --json: one a line, with each try')
    .argument('<id>', 'id of the job')
  return withServiceOptions(command).action(async (id: string, options: ServiceOptions) => {
    const { client, out, signal, world } = await openSession(context, options)
    const deliveries = await client.webhooks(id, { signal })
    if (out.json) for (const delivery of deliveries) out.printJsonLine(delivery)
    else if (deliveries.length === 0) out.tell('Nobody was told of an end of this job.')
    else out.print(renderTable(columns(world.clock.now()), deliveries, { width: out.width, paint: out.paint }))
  })
}

function resendCommand(context: CliContext): Command {
  const command = new Command('resend')
    .description('tell a receiver once more, at once; its webhook-id stays the same')
    .argument('<id>', 'id of the job')
    .argument('[delivery]', 'id of the delivery; the newest of the job unless given')
  return withServiceOptions(command).action(async (id: string, given: string | undefined, options: ServiceOptions) => {
    const { client, out, signal, commandLine } = await openSession(context, options)
    const deliveryId = given ?? (await client.webhooks(id, { signal }))[0]?.delivery_id
    if (deliveryId === undefined) {
      throw new LongshoreError(
        'DELIVERY_NOT_FOUND',
        `Job ${id} has told nobody: it has not ended, or has no callback URL.`,
      )
    }
    const delivery = await client.resendWebhook(id, deliveryId, { signal })
    if (out.json) return out.printJson(delivery)
    out.print(`${delivery.delivery_id} is ${delivery.status}`)
    out.tell(`To see what comes of it: ${commandLine('webhooks', 'list', id)}`)
  })
}

function columns(nowMs: number): readonly Column<Delivery>[] {
  return [
    { head: 'DELIVERY', cell: ({ delivery_id }) => safeText(delivery_id) },
    { head: 'STATUS', cell: ({ status }) => status },
    { head: 'TRIES', cell: ({ attempt }) => String(attempt), align: 'right' },
    { head: 'TYPE', cell: ({ type }) => safeText(type), fromWidth: 100 },
    { head: 'WHAT CAME OF IT', cell: (delivery) => safeText(outcome(delivery, nowMs)) },
  ]
}

function outcome({ url, attempts, next_at }: Delivery, nowMs: number): string {
  const last = attempts.at(-1)
  const answered = last?.error ?? (last ? `It answered ${last.http_status}.` : 'It was not tried yet.')
  const next = next_at === null || last === undefined ? '' : ` Next try ${showInstant(next_at, nowMs)}.`
  return `${answered}${next}  ${url}`
}
