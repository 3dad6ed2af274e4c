import closeWithGrace from 'close-with-grace'
import { sleep, systemClock } from './base/clock.ts'
import { LongshoreError, messageOf, systemCodeOf } from './base/errors.ts'
import type { Config } from './config.ts'
import { blameCurrentJob } from './processor/current-job.ts'
import type { AnyProcessor } from './processor/open-executor.ts'
import { type AppOptions, buildService, type Service } from './service.ts'

/**
 * Runs the service of a processor until SIGTERM or SIGINT: then it answers 503 on `/readyz`, gives running jobs their
 * grace, hands the rest back to the queue and exits with 0. A second signal ends it at once, with 1.
 *
 * A promise that a processor forgot and that rejects fails the attempt it belongs to. Any other error that nobody caught
 * stops the service like a signal, and it exits with 1.
 */
export async function serve(processor: AnyProcessor, options: AppOptions = {}): Promise<void> {
  if (isHeldBack()) return new Promise(() => {})
  try {
    await run(processor, buildService(processor, options, { works: 'when asked' }))
  } catch (failure) {
    process.stderr.write(`${describeStartFailure(failure)}\n`)
    process.exit(1)
  }
}

/**
 * Loads a module without letting it serve: `load` rejects with `CONFIG_INVALID` as soon as the module calls `serve`, from
 * whichever copy of this package.
 */
export async function withoutServing<Result>(load: () => Promise<Result>): Promise<Result> {
  const called = Promise.withResolvers<never>()
  const text =
    'The module calls serve() itself. Start it with `node`, or let it export its processor and not call serve().'
  Reflect.set(globalThis, HOLD_BACK, () => called.reject(new LongshoreError('CONFIG_INVALID', text)))
  try {
    return await Promise.race([load(), called.promise])
  } finally {
    Reflect.deleteProperty(globalThis, HOLD_BACK)
  }
}

/** In the registry of symbols that all copies share. */
const HOLD_BACK = Symbol.for('longshore.hold-back-serve')

function isHeldBack(): boolean {
  const holdBack: unknown = Reflect.get(globalThis, HOLD_BACK)
  if (typeof holdBack !== 'function') return false
  holdBack()
  return true
}

/** Jobs are begun only once the port is bound: a start that fails for that must cost no attempt. */
async function run(processor: AnyProcessor, service: Service): Promise<void> {
  const { app, config, log, drain } = service
  process.on('unhandledRejection', (reason) => {
    if (!blameCurrentJob(reason)) throw reason
  })
  closeWithGrace({ delay: false, logger: log, skip: ['unhandledRejection'] }, async ({ err, signal }) => {
    const begunAt = systemClock.now()
    if (signal) log.info(`${signal}: stopping; running jobs have ${config.shutdownGraceMs / 1000} s to end`)
    if (err) log.fatal({ err }, 'stopping after an error nobody caught')
    if (err) blameCurrentJob(err)
    await drain()
    await app.close()
    await flushTraces(service, systemClock.now() - begunAt)
    log.info('stopped')
  })
  try {
    const address = await app.listen({ host: config.host, port: config.port })
    await service.work()
    log.info(`${processor.name} ${processor.version} listens on ${address}`)
  } catch (failure) {
    await Promise.race([app.close().catch(() => {}), sleep(systemClock, config.abortGraceMs)])
    throw listenError(failure, config) ?? failure
  }
}

/** A collector that does not answer may hold up a stop by what is left of the graces, in these bounds, in ms. */
const [LEAST_FLUSH_MS, LONGEST_FLUSH_MS] = [1_000, 5_000]

/** The process ends by `exit`, before OpenTelemetry would send what it has gathered. */
async function flushTraces({ flushTraces, config, log }: Service, stoppedForMs: number): Promise<void> {
  const leftMs = config.shutdownGraceMs + config.abortGraceMs - stoppedForMs
  const boundMs = Math.min(Math.max(leftMs, LEAST_FLUSH_MS), LONGEST_FLUSH_MS)
  const overdue = sleep(systemClock, boundMs).then(() => {
    throw new Error(`The collector did not take them within ${boundMs / 1000} s.`)
  })
  await Promise.race([flushTraces(), overdue]).catch((thrown) => {
    // OpenTelemetry throws a list: one fault of each processor.
    log.warn(`the last spans are lost: ${[thrown].flat().map(messageOf).join('; ')}`)
  })
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program does. Stop it, or set PORT to another port (0 takes a free one)',
  EACCES: 'this user may not. Set PORT to 1024 or above',
  EADDRNOTAVAIL: 'HOST is no address of this machine',
  ENOTFOUND: 'HOST is no name that this machine knows',
}

/** What a person is told when listening failed; undefined when it was something else that failed. */
export function listenError(failure: unknown, { host, port }: Config): LongshoreError | undefined {
  const isOfListening = failure instanceof Error && 'syscall' in failure && LISTENING.has(failure.syscall)
  const fault = isOfListening ? LISTEN_FAULTS[systemCodeOf(failure) ?? ''] : undefined
  if (fault === undefined) return undefined
  return new LongshoreError('CONFIG_INVALID', `Cannot listen on ${host}:${port}: ${fault}.`, { cause: failure })
}

const LISTENING: ReadonlySet<unknown> = new Set(['listen', 'getaddrinfo'])

function describeStartFailure(failure: unknown): string {
  if (failure instanceof LongshoreError) return failure.message
  return failure instanceof Error ? (failure.stack ?? failure.message) : messageOf(failure)
}
