import { givenSettings } from './given-settings.ts'
import { openNoopApp } from './noop-app.ts'

/**
 * A service, in a process of its own, whose jobs do nothing. Arguments are how many jobs run at once, settings,
 * `NAME=value`, and `tell` to be told of each job that begins.
 */
const concurrency = process.argv[2] ?? ''
const app = await openNoopApp({
  ...(/^\d+$/.test(concurrency) && { MAX_CONCURRENT_JOBS: concurrency }),
  ...givenSettings(),
})

/** Tells the parent once so many jobs have begun and none is left unfinished; or at once what it asks for. */
process.on('message', async (expected: number | 'unfinished') => {
  if (expected === 'unfinished') return void process.send?.(await app.unfinished())
  await app.completed(expected)
  process.send?.('done')
})

process.on('disconnect', () => app.close())
process.send?.({ url: app.url, uri: process.argv.includes('ROLE=worker') ? '' : await app.upload() })
