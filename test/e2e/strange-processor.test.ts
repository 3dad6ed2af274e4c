import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobInput, ProgressReport } from '../../src/index.ts'
import { openScriptedService } from '../support/scripted-service.ts'

type Act = (input: JobInput, report: (progress: ProgressReport) => void) => unknown

/** What TypeScript would refuse and JavaScript does. */
const anything = (value: unknown): never => value as never

const ACTS: Readonly<Record<string, Act>> = {
  'throws what has no text': () => {
    throw Object.create(null)
  },
  'throws an error whose message cannot be read': () => {
    throw Object.defineProperty(new Error('x'), 'message', { get: () => assert.fail('not to be read') })
  },
  'throws an error whose message is no text': () => {
    throw Object.assign(new Error('x'), { message: { a: 1 } })
  },
  'reports progress that JSON cannot hold': (_input, report) => {
    report(anything({ big: 10n }))
    throw new Error('afterwards')
  },
  'marks a file with an error that is no text': (input) => {
    for (const file of input.files) input.markFile(file, 'failed', anything(new Error('no cells')))
    throw new Error('afterwards')
  },
  'marks a file in a way that is none': (input) => {
    for (const file of input.files) input.markFile(file, anything('eaten'))
  },
  'answers what JSON cannot hold': () => 10n,
  'answers far too much': () => 'x'.repeat(20 * 1024 * 1024),
}

test('whatever a processor does, its job comes to an end', async () => {
  await using service = await openScriptedService(
    (input, report) => ACTS[String(input.parameters)]?.(input, report) ?? null,
    { MAX_ATTEMPTS: '1' },
  )
  const { api } = service
  for (const name of Object.keys(ACTS)) {
    const job = await api.ended(await api.upload({ 'a.txt': 'a' }, { parameters: JSON.stringify(name) }))
    assert.equal(job.status, 'failed', name)
    assert.ok(typeof job.error === 'string' && job.error.length > 0 && job.error.length < 10_000, name)
  }
})
