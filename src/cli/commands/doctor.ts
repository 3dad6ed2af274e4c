import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import type { Finding, Verdict } from '../doctor/finding.ts'
import { checkNode } from '../doctor/node-version.ts'
import { EXIT } from '../exit-codes.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import { Output, type Style } from '../output.ts'
import { safeText } from '../render/safe-text.ts'
import { openClient } from '../session.ts'

const MORE = `
Looks at Node, the configuration (environment and .env in the current folder), the data folder, the
database, the store, the clock and the port, and at the service at LONGSHORE_URL if it is set. What is off for want
of a secret is told, too.
A running service is not disturbed. Exits with 0 when nothing failed, else with 1.`

/** `longshore doctor`: what keeps a service from working, and what to do about it. */
export function doctorCommand(context: CliContext): Command {
  const command = new Command('doctor')
    .description('check all that a service needs, and say what to do')
    .addHelpText('after', MORE)
  return withServiceOptions(command).action(async (options: ServiceOptions) => {
    const out = new Output(context.world, options)
    const interrupt = context.world.interrupts()
    const findings: Finding[] = []
    for await (const finding of examineAll(context, options)) {
      // Between two checks: each takes away what it has written first.
      interrupt.throwIfAborted()
      findings.push(finding)
      if (!out.json && !(out.quiet && UNTOLD.has(finding.verdict))) out.print(describe(finding, out))
    }
    const isWell = findings.every(({ verdict }) => verdict !== 'failed')
    if (out.json) out.printJson({ ok: isWell, findings })
    if (!isWell) context.exitCode = EXIT.failed
  })
}

async function* examineAll(context: CliContext, options: ServiceOptions): AsyncGenerator<Finding> {
  const node = checkNode(process.versions.node)
  yield node
  // Everything else would not even load.
  if (node.verdict === 'failed') return
  const { world } = context
  const url = options.url ?? world.env.LONGSHORE_URL
  const service = url ? { client: await openClient(world, options), url } : undefined
  const { examine } = await import('../doctor/examine.ts')
  yield* examine({ env: world.env, clock: world.clock, steady: () => performance.now(), service })
}

const STYLES: Readonly<Record<Verdict, Style>> = { ok: 'green', off: 'dim', warning: 'yellow', failed: 'red' }

/** What `--quiet` leaves out: nothing of it needs anybody. */
const UNTOLD: ReadonlySet<Verdict> = new Set(['ok', 'off'])

function describe({ check, verdict, message, todo }: Finding, out: Output): string {
  const mark = out.paint(STYLES[verdict], verdict.padEnd(8))
  const advice = todo === undefined ? '' : `\n${' '.repeat(24)}-> ${safeText(todo)}`
  return `${mark} ${check.padEnd(14)} ${safeText(message)}${advice}`
}
