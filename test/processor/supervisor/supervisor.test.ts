import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Supervisor } from '../../../src/processor/supervisor/supervisor.ts'
import { isRunning, parentOf, untilEnded } from '../../support/processes.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const SLEEP = { argv: ['sleep', '1000'], cwd: '/', env: { PATH: process.env.PATH ?? '' } } as const

async function openSupervisor() {
  const supervisor = new Supervisor()
  await supervisor.start()
  return { supervisor, [Symbol.asyncDispose]: () => supervisor.stop() }
}

test('a stop ends every program and leaves nothing, neither process nor folder', async () => {
  const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('longshore-streams-'))
  const before = folders()
  const supervisor = new Supervisor()
  await supervisor.start()
  const programs = await Promise.all(Array.from({ length: 5 }, () => supervisor.run(SLEEP)))
  assert.ok(programs.every(({ pid }) => isRunning(pid)))
  await supervisor.stop()
  assert.deepEqual(await Promise.all(programs.map(async ({ gone }) => (await gone).signal)), Array(5).fill('SIGKILL'))
  assert.ok(!programs.some(({ pid }) => isRunning(pid)))
  assert.deepEqual(
    folders().filter((name) => !before.includes(name)),
    [],
  )
})

test('a helper that is killed takes its programs with it, and another takes its place', async () => {
  await using opened = await openSupervisor()
  const first = await opened.supervisor.run(SLEEP)
  const helper = parentOf(first.pid)
  assert.notEqual(helper, process.pid)
  process.kill(helper, 'SIGKILL')
  assert.equal((await first.gone).signal, 'SIGKILL')
  assert.equal(isRunning(first.pid), false)
  const second = await opened.supervisor.run(SLEEP)
  assert.equal(isRunning(second.pid), true)
})

test('after the stop no program is started', async () => {
  const supervisor = new Supervisor()
  await supervisor.start()
  await supervisor.stop()
  await assert.rejects(supervisor.run(SLEEP), { code: 'INTERRUPTED' })
})

test('many programs that start at once each get their own streams', async () => {
  await using opened = await openSupervisor()
  const said = await Promise.all(
    Array.from({ length: 100 }, async (_, n) => {
      const program = await opened.supervisor.run({ ...SLEEP, argv: ['printf', '%s', String(n)] })
      const [text] = await Promise.all([program.stdout.setEncoding('utf8').toArray(), program.gone])
      return Number(text.join(''))
    }),
  )
  assert.deepEqual(said, [...Array(100).keys()])
})

test('a service that is killed leaves no folder', async () => {
  await using temp = await tempFolder()
  await using killed = await startService(temp.path)
  const helper = parentOf(killed.program)
  assert.equal(readdirSync(temp.path).length, 1)
  killed.service.kill('SIGKILL')
  await untilEnded(helper)
  assert.deepEqual(readdirSync(temp.path), [])
  assert.equal(isRunning(killed.program), false)
})

test('the folder of a service that was killed with its helper goes at the next start, and no other', async () => {
  await using temp = await tempFolder()
  await using killed = await startService(temp.path)
  const [left = ''] = readdirSync(temp.path)
  await using living = await startService(temp.path)
  const others = readdirSync(temp.path).filter((name) => name !== left)
  const helper = parentOf(killed.program)
  process.kill(helper, 'SIGSTOP')
  killed.service.kill('SIGKILL')
  await once(killed.service, 'exit')
  for (const id of [helper, killed.program]) process.kill(id, 'SIGKILL')
  assert.deepEqual(readdirSync(temp.path).sort(), [left, ...others].sort())
  for (const name of [left, ...others]) utimesSync(join(temp.path, name), 0, 0)
  await using next = await startService(temp.path)
  assert.ok(!readdirSync(temp.path).includes(left))
  assert.ok(others.every((name) => readdirSync(temp.path).includes(name)))
  for (const { service } of [living, next]) await stopService(service)
  assert.deepEqual(readdirSync(temp.path), [])
})

test('what hides from its group and its mark is swept up when it holds the streams of the program', async () => {
  await using opened = await openSupervisor()
  const script = 'setsid env -i sleep 1000 & echo $!; exit'
  const program = await opened.supervisor.run({ ...SLEEP, argv: ['sh', '-c', script] })
  const [said] = await once(program.stdout.setEncoding('utf8').resume(), 'data')
  const hidden = Number(said)
  await program.gone
  assert.equal(isRunning(hidden), true)
  assert.equal(await program.sweep(), 1)
  assert.equal(isRunning(hidden), false)
})

test('what a service and its helper left that were killed together is killed at the next start', async () => {
  await using temp = await tempFolder()
  await using killed = await startService(temp.path)
  await using living = await startService(temp.path)
  const helper = parentOf(killed.program)
  process.kill(helper, 'SIGSTOP')
  killed.service.kill('SIGKILL')
  await once(killed.service, 'exit')
  process.kill(helper, 'SIGKILL')
  await untilEnded(helper)
  assert.equal(isRunning(killed.program), true)
  await using next = await startService(temp.path)
  await untilEnded(killed.program)
  assert.deepEqual(
    [living, next].map(({ program }) => isRunning(program)),
    [true, true],
  )
})

async function startService(tempPath: string) {
  const service = fork(join(import.meta.dirname, '../../support/supervising-main.ts'), {
    env: { ...process.env, TMPDIR: tempPath },
  })
  const [program] = await once(service, 'message')
  return {
    service,
    program: program as number,
    [Symbol.asyncDispose]: async () => {
      service.kill('SIGKILL')
      await untilEnded(service.pid ?? 0)
    },
  }
}

async function stopService(service: ChildProcess): Promise<void> {
  const exit = once(service, 'exit')
  service.send('stop')
  await exit
}
