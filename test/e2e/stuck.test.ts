import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApp } from '../../src/index.ts'
import { Api } from '../support/api.ts'
import { ScriptedProcessor } from '../support/scripted-service.ts'
import { tempFolder } from '../support/temp-folder.ts'

test('a processor that was given up and returns later takes nothing away from the attempt that took its place', async (t) => {
  await using folder = await tempFolder()
  const settings = {
    DATA_DIR: folder.path,
    LOG_LEVEL: 'silent',
    SHUTDOWN_GRACE_SECONDS: '0',
    ABORT_GRACE_SECONDS: '1',
  }
  const written = Promise.withResolvers<void>()
  const stuck = Promise.withResolvers<void>()
  const returned = Promise.withResolvers<void>()
  const first = createApp(
    new ScriptedProcessor(async ({ outputs, checkpoint }) => {
      const file = outputs.file('cells.txt')
      await file.write('of the first')
      await file.close()
      await checkpoint.save('written')
      written.resolve()
      await stuck.promise
      await checkpoint.save('late').catch(() => {})
      setImmediate(() => setImmediate(returned.resolve))
    }),
    { settings },
  )
  const before = new Api(await first.listen({ host: '127.0.0.1', port: 0 }))
  const id = await before.upload({ 'a.txt': 'a' })
  await written.promise
  await first.close()

  const second = createApp(
    new ScriptedProcessor(async ({ outputs, checkpoint }) => {
      await outputs.file('cells.txt').write('of the second')
      return checkpoint.load()
    }),
    { settings },
  )
  t.after(() => second.close())
  const after = new Api(await second.listen({ host: '127.0.0.1', port: 0 }))
  const job = await after.ended(id)
  assert.deepEqual([job.status, job.attempt, job.result], ['completed', 1, 'written'])
  stuck.resolve()
  await returned.promise
  const { outputs } = await after.get<{ outputs: { url: string }[] }>(`/jobs/${id}/outputs`)
  const answer = await fetch(outputs[0]?.url ?? '')
  assert.equal(answer.status, 200)
  assert.equal(await answer.text(), 'of the second')
})
