import { type NoopApp, openNoopApp } from './noop-app.ts'
import { traceToNowhere } from './tracing-to-nowhere.ts'

/**
 * Two services in one process, whose jobs do nothing: two processes of the same build differ by 8 %, by where their code
 * and heap came to lie, and here such luck meets both. Arguments are the settings of each, `NAME=value,NAME=value`; with
 * `trace` among those of the second, it records every trace.
 */
const [, , bare = '', ours = ''] = process.argv
const apps = [await open(bare), await open(ours)]

/** Tells the parent once so many jobs of one have begun and none is left unfinished; or its processor time, in ms. */
process.on('message', async (asked: { place: number; jobs: number } | 'cpu') => {
  if (asked === 'cpu') {
    const { user, system } = process.cpuUsage()
    process.send?.((user + system) / 1000)
    return
  }
  await apps[asked.place]?.completed(asked.jobs)
  process.send?.('done')
})

process.on('disconnect', () => Promise.all(apps.map((app) => app.close())))
process.send?.(await Promise.all(apps.map(async (app) => ({ url: app.url, uri: await app.upload() }))))

function open(given: string): Promise<NoopApp> {
  const words = given.split(',').filter(Boolean)
  if (words.includes('trace')) traceToNowhere()
  return openNoopApp(Object.fromEntries(words.filter((each) => each.includes('=')).map((each) => each.split('=', 2))))
}
