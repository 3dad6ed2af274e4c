import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { LongshoreError } from '../../../src/base/errors.ts'
import { collectOutputs } from '../../../src/processor/command/collect-outputs.ts'
import { openCommands } from '../../support/open-command.ts'
import { isRunning, untilEnded } from '../../support/processes.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { inputFile, testExecution } from '../../support/test-execution.ts'

test('no shell reads the arguments: they arrive as they are', async () => {
  await using commands = await openCommands()
  const parameters = { who: '$(id) `id` "; rm -rf /\n' }
  const { result } = commands.run(
    ['printf', '%s|', '{param:who}', '{input:0}', '$HOME'],
    { stdout: 'text', inputs: 'uri' },
    { parameters, files: [{ ...inputFile(0), path: '' }] },
  )
  assert.equal(await result, `${parameters.who}|s3://datasets/0.dat|$HOME|`)
})

test('of the environment a program gets what it is allowed, what it is given, and where its job is told', async () => {
  await using commands = await openCommands()
  process.env.LONGSHORE_TEST_SECRET = 'secret'
  process.env.LONGSHORE_TEST_WANTED = 'wanted'
  const options = { stdout: 'text', passEnv: ['PATH', 'LONGSHORE_TEST_WANTED'], env: { MODE: 'fast' } } as const
  const text = String(await commands.run(['env'], options).result)
  const names = text.split('\n').map((line) => line.split('=')[0])
  assert.deepEqual(names.toSorted(), [
    'LONGSHORE_ATTEMPT',
    'LONGSHORE_JOB',
    'LONGSHORE_JOB_ID',
    'LONGSHORE_PROCESS',
    'LONGSHORE_TEST_WANTED',
    'MODE',
    'PATH',
    'TMPDIR',
  ])
})

test('standard input is empty, the parameters or the first file, and a program need not read it to its end', async () => {
  await using commands = await openCommands()
  await using folder = await tempFolder()
  const path = join(folder.path, 'large')
  await writeFile(path, 'x'.repeat(5_000_000))
  const files = [{ ...inputFile(0), path }]
  assert.equal(await commands.run(['cat'], { stdout: 'text' }).result, '')
  const count = commands.run(['wc', '-c'], { stdin: 'input', stdout: 'json' }, { files })
  assert.equal(await count.result, 5_000_000)
  assert.equal(await commands.run(['head', '-c', '2'], { stdin: 'input', stdout: 'text' }, { files }).result, 'xx')
  const echoed = commands.run(['cat'], { stdin: 'parameters', stdout: 'json' }, { parameters: { a: [1] } })
  assert.deepEqual(await echoed.result, { a: [1] })
})

test('a result is the last one said on descriptor 3, or what was printed, or nothing', async () => {
  await using commands = await openCommands()
  assert.deepEqual(await commands.sh(`echo '{"result": 1}' >&3; echo '{"result": {"cells": 2}}' >&3`).result, {
    cells: 2,
  })
  assert.equal(await commands.sh('echo "two words"', { stdout: 'text' }).result, 'two words')
  assert.equal(await commands.sh('echo "to the log"').result, null)
  const notJson = commands.sh('echo "{"', { stdout: 'json' })
  await assert.rejects(notJson.result, { code: 'RESULT_INVALID', message: /not JSON/ })
})

test('a program may write more to descriptor 3 at once than its buffer holds', async () => {
  await using commands = await openCommands()
  const script = `import os, json; os.write(3, json.dumps({"result": "x" * 3_000_000}).encode() + b"\\n")`
  const result = await commands.run(['python3', '-c', script]).result
  assert.equal(String(result).length, 3_000_000)
})

test('a line on descriptor 3 that is not understood fails the attempt and is shown', async () => {
  await using commands = await openCommands()
  for (const [line, why] of [
    ['{"progres": 1}', /progres/],
    ['half {', /half \{/],
    ['{"progress": {"percent": "much"}}', /\/progress\/percent/],
    ['{"file": {"index": 9, "state": "done"}}', /no input file/],
  ] as const) {
    const markFile = (index: number) => assert.fail(`There is no input file with index ${index}`)
    const { result } = commands.sh(`echo '${line}' >&3; exec sleep 1000`, {}, { markFile })
    await assert.rejects(result, { message: why })
  }
})

test('a program that cannot be started fails its job for good and says what to do', async () => {
  await using commands = await openCommands()
  await using folder = await tempFolder()
  const text = join(folder.path, 'text')
  await writeFile(text, 'no program')
  const failureOf = (command: [string, ...string[]]) => commands.run(command).result.catch((thrown: unknown) => thrown)
  for (const [command, why] of [
    [['no-such-program'], /"no-such-program" could not be started: there is no such program/],
    [[text], /may not run it/],
    [['echo', 'x'.repeat(3_000_000)], /too long/],
  ] as const) {
    const failure = await failureOf([...command] as [string, ...string[]])
    assert.ok(failure instanceof LongshoreError && failure.code === 'COMMAND_UNUSABLE' && !failure.retryable)
    assert.match(failure.message, why)
  }
})

test('an exit code, or a signal, fails the attempt with the last words of the program', async () => {
  await using commands = await openCommands()
  const code = commands.sh('echo "no ink left" >&2; exit 3')
  await assert.rejects(code.result, { code: 'COMMAND_FAILED', message: /exit code 3\. Its last words: no ink left$/ })
  const crash = commands.sh('kill -SEGV $$')
  await assert.rejects(crash.result, { code: 'COMMAND_FAILED', message: /ended by SIGSEGV/ })
  const killed = commands.sh('kill -KILL $$')
  await assert.rejects(killed.result, { code: 'COMMAND_FAILED', message: /SIGKILL, as the system does when memory/ })
})

test('what is printed becomes lines of the log, whole characters whatever the pieces', async () => {
  await using commands = await openCommands()
  const { result, said } = commands.sh(
    `printf '\\342\\230'; sleep 0.2; printf '\\240 skull\\n'; echo careful >&2; printf end`,
  )
  await result
  const lines = said.logged.map(({ level, msg, stream }) => [level, msg, stream])
  assert.deepEqual(lines.toSorted(), [
    [30, 'end', 'stdout'],
    [30, '☠ skull', 'stdout'],
    [40, 'careful', 'stderr'],
  ])
})

test('a program that opens its output by path gets a pipe from the shell', async () => {
  await using commands = await openCommands()
  const argv = ['bash', '-o', 'pipefail', '-c', 'echo said > /dev/stdout | cat'] as const
  assert.equal(await commands.run(argv, { stdout: 'text' }).result, 'said')
})

test('a line on descriptor 3 that never ends ends the program', async () => {
  await using commands = await openCommands()
  const { result } = commands.sh('cat /dev/zero >&3')
  await assert.rejects(result, { code: 'COMMAND_FAILED', message: /a line of more than 17 MiB/ })
})

test('output that never ends is cut in the log, and then ends the program', async () => {
  await using commands = await openCommands()
  for (const endless of ['exec yes', 'exec cat /dev/zero', 'exec cat /dev/zero >&2']) {
    const { result, said } = commands.sh(endless, { maxOutputMb: 32 })
    await assert.rejects(result, { code: 'COMMAND_FAILED', message: /printed more than 32 MiB/ })
    const length = said.logged.reduce((sum, { msg }) => sum + msg.length, 0)
    assert.ok(length < 5 * 1024 * 1024, `${length} characters were logged`)
  }
  const { result, said } = commands.sh('yes | head -c 16000000')
  await result
  assert.match(said.logged.at(-1)?.msg ?? '', /more than a log takes/)
  const printed = commands.sh('exec yes', { stdout: 'text' })
  await assert.rejects(printed.result, { code: 'RESULT_INVALID', message: /more than 16 MiB/ })
})

test('what left its group and closed all that it inherited is killed too, soon after its program', async () => {
  await using commands = await openCommands()
  const { result } = commands.sh(
    'setsid sh -c "echo \\$\\$ > pid; exec sleep 1000" >/dev/null 2>&1 3>&- & until [ -s pid ]; do :; done; cat pid',
    { stdout: 'text' },
  )
  const pid = Number(await result)
  assert.ok(pid > 1)
  await untilEnded(pid)
})

for (const [what, script] of [
  ['in its group', 'sleep 1000 & echo $!'],
  ['in a session of its own, with the output open', 'setsid sh -c "echo \\$\\$; exec sleep 1000" & sleep 0.2'],
]) {
  test(`a process left behind ${what} is killed, and the attempt fails`, async () => {
    await using commands = await openCommands()
    const { result, said } = commands.sh(script ?? '')
    await assert.rejects(result, { code: 'COMMAND_FAILED', message: /left processes running/ })
    const pid = Number(said.logged[0]?.msg)
    assert.ok(pid > 1)
    assert.equal(isRunning(pid), false)
  })
}

test('a cancel ends the whole tree, those that ignore SIGTERM and those that left their group too', async () => {
  await using commands = await openCommands()
  const abort = new AbortController()
  const begun = Promise.withResolvers<string>()
  const script = `trap '' TERM
    setsid sh -c "trap '' TERM; echo \\$\\$ > escaped; while :; do sleep 0.05; done" &
    sh -c 'while :; do :; done' &
    until [ -s escaped ]; do sleep 0.02; done
    echo "{\\"progress\\": {\\"message\\": \\"$$ $! $(cat escaped)\\"}}" >&3
    wait`
  const { result } = commands.sh(
    script,
    {},
    {
      signal: abort.signal,
      onProgress: ({ message }) => begun.resolve(String(message)),
    },
  )
  const pids = (await begun.promise).split(' ').map(Number)
  assert.equal(pids.length, 3)
  assert.ok(pids.every((pid) => isRunning(pid)))
  abort.abort(new LongshoreError('CANCELLED', 'The job was cancelled.'))
  await assert.rejects(result, { code: 'CANCELLED' })
  assert.deepEqual(
    pids.filter((pid) => isRunning(pid)),
    [],
  )
})

test('a cancel that comes while the program is being started ends it', async () => {
  await using commands = await openCommands()
  const abort = new AbortController()
  const { result } = commands.run(['sleep', '1000'], {}, { signal: abort.signal })
  abort.abort(new LongshoreError('CANCELLED', 'The job was cancelled.'))
  await assert.rejects(result, { code: 'CANCELLED' })
})

test('an attempt ends only when its last checkpoint is written', async () => {
  await using commands = await openCommands()
  const written = Promise.withResolvers<void>()
  const said = Promise.withResolvers<void>()
  const ends: string[] = []
  const saveCheckpoint = async (): Promise<void> => {
    said.resolve()
    await written.promise
    ends.push('written')
  }
  const { result } = commands.run(['sh', '-c', `echo '{"checkpoint": 1}' >&3`], {}, { saveCheckpoint })
  const ended = result.then(() => ends.push('ended'))
  await said.promise
  setImmediate(written.resolve)
  await ended
  assert.deepEqual(ends, ['written', 'ended'])
})

test('no output is begun once the attempt is aborted', async () => {
  const abort = new AbortController()
  const reason = new LongshoreError('CANCELLED', 'The job was cancelled.')
  const { execution, outputs } = testExecution({ signal: abort.signal })
  const folder = execution.workDir()
  await writeFile(join(folder, 'a'), '1')
  abort.abort(reason)
  await assert.rejects(collectOutputs(folder, execution), { code: 'CANCELLED' })
  assert.deepEqual(await outputs.commit(), [])
})

test('a program may remove its {outdir}, and what it puts in its place is not read', async () => {
  await using commands = await openCommands()
  const { result, outputs } = commands.sh('rmdir "$1"')
  await result
  assert.deepEqual(await outputs.commit(), [])
  const linked = commands.sh('rmdir "$1"; mkdir other; echo secret > other/a; ln -s "$PWD/other" "$1"')
  await assert.rejects(linked.result, { code: 'COMMAND_FAILED', message: /in the place of \{outdir\}/ })
  assert.deepEqual(await linked.outputs.commit(), [])
})

test('an output that is not named in UTF-8 is told by its name; a pipe is no output, and nobody waits for its bytes', async () => {
  await using commands = await openCommands()
  const misnamed = commands.sh(`printf x > "$1/$(printf 'a\\377b')"`)
  await assert.rejects(misnamed.result, { code: 'INVALID_FILENAME', message: /"a\uFFFDb" is not named in UTF-8/ })
  const { result, said, outputs } = commands.sh('mkfifo "$1/pipe"; echo 1 > "$1/kept"')
  await result
  assert.equal((await outputs.commit()).length, 1)
  assert.match(said.logged[0]?.msg ?? '', /"pipe" is no file/)
})

test('checkpoints reach the journal as they are said, not one by one as they are written', async () => {
  await using commands = await openCommands()
  const saved: unknown[] = []
  const all = Promise.withResolvers<void>()
  const { result } = commands.sh(
    `for n in 1 2 3; do echo "{\\"checkpoint\\": $n}" >&3; done`,
    {},
    {
      saveCheckpoint: (document) => {
        if (saved.push(document) === 3) all.resolve()
        return all.promise
      },
    },
  )
  await result
  assert.deepEqual(saved, [1, 2, 3])
})

test('a file that is not fetched cannot stand on standard input', async () => {
  await using commands = await openCommands()
  assert.throws(() => commands.run(['cat'], { stdin: 'input', inputs: 'uri' }), { code: 'CONFIG_INVALID' })
})

test('files left in {outdir} become outputs; a link does not, and says so', async () => {
  await using commands = await openCommands()
  const script =
    'mkdir -p "$1/deep/er"; printf 1 > "$1/deep/er/a.txt"; printf 22 > "$1/b.txt"; ln -s /etc/passwd "$1/c"'
  const { result, said, outputs } = commands.sh(script)
  await result
  const written = (await outputs.commit()).map(
    ({ uri, sizeBytes }) => `${uri.replace(outputs.baseUri, '')} ${sizeBytes}`,
  )
  assert.deepEqual(written, ['b.txt 2', 'deep/er/a.txt 1'])
  assert.match(said.logged[0]?.msg ?? '', /"c" is no file/)
  await assert.rejects(commands.sh('echo > "$1/results.json"').result, { code: 'INVALID_FILENAME' })
})
