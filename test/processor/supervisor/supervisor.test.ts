import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { Supervisor } from '../../../src/processor/supervisor/supervisor.ts'
import { isRunning, parentOf } from '../../support/processes.ts'

const SLEEP = { argv: ['sleep', '1000'], cwd: '/', env: { PATH: process.env.PATH ?? '' } } as const

async function openSupervisor() {
  const supervisor = new Supervisor()
  await supervisor.start()
  return { supervisor, [Symbol.asyncDispose]: () => supervisor.stop() }
}

test('a stop ends every program and leaves nothing, neither process nor folder', async () => {
  const folders = (): string[] => readdirSync(tmpdir()).filter((name) => /^longshore-[A-Za-z0-9]{6}$/.test(name))
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
