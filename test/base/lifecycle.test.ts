import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Component, Lifecycle } from '../../src/base/lifecycle.ts'

function recorder(diary: string[], name: string, failing?: 'start' | 'stop'): Component {
  const act = async (verb: 'start' | 'stop'): Promise<void> => {
    diary.push(`${verb} ${name}`)
    if (failing === verb) throw new Error(`${name} cannot ${verb}`)
  }
  return { start: () => act('start'), stop: () => act('stop') }
}

test('components start in order and stop in reverse order', async () => {
  const diary: string[] = []
  const lifecycle = new Lifecycle([recorder(diary, 'a'), recorder(diary, 'b')])
  await lifecycle.start()
  await lifecycle.stop()
  assert.deepEqual(diary, ['start a', 'start b', 'stop b', 'stop a'])
})

test('starting and stopping twice happens once', async () => {
  const diary: string[] = []
  const lifecycle = new Lifecycle([recorder(diary, 'a')])
  await Promise.all([lifecycle.start(), lifecycle.start()])
  await Promise.all([lifecycle.stop(), lifecycle.stop()])
  assert.deepEqual(diary, ['start a', 'stop a'])
})

test('stopping what never started does nothing', async () => {
  const diary: string[] = []
  await new Lifecycle([recorder(diary, 'a')]).stop()
  assert.deepEqual(diary, [])
})

test('a failed start stops what had been started and throws the failure', async () => {
  const diary: string[] = []
  const lifecycle = new Lifecycle([recorder(diary, 'a'), recorder(diary, 'b', 'start'), recorder(diary, 'c')])
  await assert.rejects(lifecycle.start(), /b cannot start/)
  assert.deepEqual(diary, ['start a', 'start b', 'stop b', 'stop a'])
})

test('a component that fails to stop keeps no other from stopping', async () => {
  const diary: string[] = []
  const lifecycle = new Lifecycle([recorder(diary, 'a'), recorder(diary, 'b', 'stop')])
  await lifecycle.start()
  await assert.rejects(lifecycle.stop(), /b cannot stop/)
  assert.deepEqual(diary.slice(2), ['stop b', 'stop a'])
})

test('a stop that throws before it promises anything keeps nothing else from stopping', async () => {
  const diary: string[] = []
  const hasty: Component = {
    start: async () => {},
    stop: () => {
      throw new Error('at once')
    },
  }
  const lifecycle = new Lifecycle([recorder(diary, 'a'), hasty])
  await lifecycle.start()
  await assert.rejects(lifecycle.stop(), /at once/)
  assert.deepEqual(diary, ['start a', 'stop a'])
})
