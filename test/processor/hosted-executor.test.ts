import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { LongshoreError } from '../../src/base/errors.ts'
import { inheritedOptions } from '../../src/processor/hosted/process-host.ts'
import { openTroubled } from '../support/open-hosted.ts'
import { isRunning } from '../support/processes.ts'
import { tempFolder } from '../support/temp-folder.ts'

for (const kind of ['thread', 'process'] as const) {
  test(`${kind}: jobs that follow each other find the same processor, warm`, async () => {
    await using troubled = await openTroubled({ kind })
    const first = await troubled.run({}).result
    const second = await troubled.run({}).result
    assert.deepEqual([first.jobs, second.jobs, second.pid], [1, 2, first.pid])
  })

  test(`${kind}: one that ends under its job fails it with PROCESS_DIED, and the next job finds a fresh one`, async () => {
    await using troubled = await openTroubled({ kind })
    await assert.rejects(troubled.run({ trouble: 'exit' }).result, { code: 'PROCESS_DIED', message: /exit code 7/ })
    assert.equal((await troubled.run({}).result).jobs, 1)
  })

  test(`${kind}: an error that nobody caught is told of the job it came from`, async () => {
    await using troubled = await openTroubled({ kind })
    for (const trouble of ['promise', 'timer']) {
      const abort = new AbortController()
      const stray: unknown[] = []
      const { result } = troubled.run(
        { trouble },
        {
          signal: abort.signal,
          onStrayError: (thrown) => {
            stray.push(thrown)
            abort.abort(new LongshoreError('PROCESSOR_FAILED', 'stray'))
          },
        },
      )
      await assert.rejects(result)
      assert.match(String(stray[0]), /forgotten/)
    }
    assert.equal((await troubled.run({}).result).jobs >= 1, true)
  })

  test(`${kind}: startup and shutdown run once in each`, async () => {
    await using folder = await tempFolder()
    process.env.DIARY = join(folder.path, 'diary')
    const troubled = await openTroubled({ kind, export: 'Diarist' })
    await Promise.all([troubled.run({}).result, troubled.run({}).result])
    await troubled.stop()
    assert.equal(await readFile(join(folder.path, 'diary'), 'utf8'), 'up up down down ')
  })

  test(`${kind}: what cannot be loaded, or is not what was asked for, fails the start and says why`, async () => {
    const here = import.meta.url
    await assert.rejects(openTroubled({ kind, export: 'Unstartable' }), /no model file/)
    await assert.rejects(openTroubled({ kind, export: 'Stranger' }), {
      code: 'CONFIG_INVALID',
      message: /got stranger 1\.0\.0/,
    })
    await assert.rejects(openTroubled({ kind, export: 'Nobody' }), {
      code: 'CONFIG_INVALID',
      message: /as "Nobody", got undefined/,
    })
    await assert.rejects(openTroubled({ kind, module: new URL('./nowhere.ts', here) }), {
      code: 'CONFIG_INVALID',
      message: /nowhere\.ts/,
    })
    await assert.rejects(openTroubled({ kind, module: new URL('../support/serving-module.ts', here) }), {
      code: 'CONFIG_INVALID',
      message: /starts a service when it is loaded/,
    })
  })
}

test('a thread that needs more memory than it may have is ended, and the service is not', async () => {
  await using troubled = await openTroubled({ kind: 'thread', maxMemoryMb: 64 })
  await assert.rejects(troubled.run({ trouble: 'memory' }).result, { code: 'OUT_OF_MEMORY', message: /maxMemoryMb/ })
  assert.equal((await troubled.run({}).result).jobs, 1)
})

test('a process gives way to a fresh one after so many jobs', async () => {
  await using troubled = await openTroubled({ kind: 'process', maxJobsPerProcess: 2 })
  const seen = []
  for (let n = 0; n < 5; n++) seen.push((await troubled.run({}).result).jobs)
  assert.deepEqual(seen, [1, 2, 1, 2, 1])
})

test('a process that holds more memory than it may after a job gives way to a fresh one', async () => {
  await using troubled = await openTroubled({ kind: 'process', maxMemoryMb: 300 })
  const small = await troubled.run({}).result
  const large = await troubled.run({ keepMiB: 400 }).result
  assert.equal(large.pid, small.pid)
  assert.notEqual((await troubled.run({}).result).pid, large.pid)
  assert.equal(isRunning(large.pid), false)
})

test('what a process prints is kept with the job it printed it in', async () => {
  await using troubled = await openTroubled({ kind: 'process' })
  const { result, said } = troubled.run({ trouble: 'print' })
  await result
  assert.partialDeepStrictEqual(said.logged, [{ level: 40, msg: 'last words ☠', stream: 'stderr' }])
})

test('code that writes to the line to the service ends its own process, and nothing else', async () => {
  await using troubled = await openTroubled({ kind: 'process' })
  await assert.rejects(troubled.run({ trouble: 'channel' }).result, { code: 'PROCESS_DIED', message: /descriptor 3/ })
  assert.equal((await troubled.run({}).result).jobs, 1)
})

test('an attempt that is aborted while its process starts up does not wait for it, and the process goes', async () => {
  await using folder = await tempFolder()
  process.env.DIARY = join(folder.path, 'diary')
  await using troubled = await openTroubled({ kind: 'process', export: 'SecondNeverStarts' })
  const abort = new AbortController()
  const busy = new AbortController()
  const begun = Promise.withResolvers<void>()
  const first = troubled.run({ trouble: 'escape' }, { signal: busy.signal, onProgress: () => begun.resolve() })
  await begun.promise
  const second = troubled.run({}, { signal: abort.signal })
  const pid = await startedLater(process.env.DIARY)
  abort.abort(new LongshoreError('CANCELLED', 'The job was cancelled.'))
  await assert.rejects(second.result, { code: 'CANCELLED' })
  assert.equal(isRunning(pid), false)
  busy.abort(new LongshoreError('CANCELLED', 'The job was cancelled.'))
  await assert.rejects(first.result)
})

test('a message from a process that makes no sense fails its attempt, not the service', async () => {
  await using troubled = await openTroubled({ kind: 'process' })
  const abort = new AbortController()
  const stray = Promise.withResolvers<unknown>()
  const { result } = troubled.run({ trouble: 'message' }, { signal: abort.signal, onStrayError: stray.resolve })
  assert.match(String(await stray.promise), /iterable/)
  abort.abort(new LongshoreError('PROCESSOR_FAILED', 'stray'))
  await assert.rejects(result)
})

test('a process is started with the options of the service, but not with its debugger, its code or what goes with them', () => {
  const given = [
    '-e',
    'code()',
    '--conditions',
    'x',
    '--inspect-port',
    '9229',
    '--input-type=module',
    '--import',
    './a.ts',
  ]
  assert.deepEqual(inheritedOptions(given), ['--conditions', 'x', '--import', './a.ts'])
})

/** The id of the second process that wrote its own down. */
async function startedLater(diary: string): Promise<number> {
  for (;;) {
    const [, second] = (await readFile(diary, 'utf8')).trim().split(' ')
    if (second !== undefined) return Number(second)
  }
}

test('an aborted attempt takes what its processor started with it, even out of the group and the session', async () => {
  await using troubled = await openTroubled({ kind: 'process' })
  const abort = new AbortController()
  const escaped = Promise.withResolvers<number>()
  const { result } = troubled.run(
    { trouble: 'escape' },
    { signal: abort.signal, onProgress: ({ message }) => escaped.resolve(Number(message)) },
  )
  const pid = await escaped.promise
  assert.equal(isRunning(pid), true)
  abort.abort(new LongshoreError('CANCELLED', 'The job was cancelled.'))
  await assert.rejects(result, { code: 'CANCELLED' })
  assert.equal(isRunning(pid), false)
})

for (const kind of ['thread', 'process'] as const) {
  test(`${kind}: the heap is that of the job, and a job of another size finds a fresh one`, async () => {
    await using troubled = await openTroubled({ kind })
    const needing = (mb: number) => ({ resources: { cpu: 0, memoryBytes: mb * 1024 * 1024, scratchBytes: 0 } })
    const small = needing(64)
    assert.equal((await troubled.run({}, small).result).jobs, 1)
    assert.equal((await troubled.run({}, small).result).jobs, 2)
    assert.equal((await troubled.run({}, needing(96)).result).jobs, 1)
    const { result } = troubled.run({ trouble: 'memory' }, small)
    await assert.rejects(result, { code: 'OUT_OF_MEMORY', message: /memory_bytes of the job/ })
    assert.equal((await troubled.run({}, small).result).jobs, 1)
  })
}
