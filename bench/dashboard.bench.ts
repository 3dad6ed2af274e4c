import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { JobClient } from '../client/src/index.ts'
import { startChromium } from '../test/support/chromium.ts'
import { completeMany, startTarget, type Target } from './support/load.ts'
import { median, report } from './support/report.ts'

/**
 * What people who look cost, and how long they wait. Dashboards are stood for by what each asks of the service: the stream
 * of all changes, and figures and workers again and again as these change; a browser would take a core of its own and
 * measure that. The two services take turns in short rounds, each first in every other one.
 */
const DASHBOARDS = 3
const JOBS = 2_000
const ROUNDS = 20
const HISTORY = 100_000
const LOADS = 7
const FOLLOWED = 100
const FOLLOW_MS = 15_000

await throughput()
await followed()

/** Job throughput with metrics, and dashboards open, against the same build without; then the first paint over the history that left. */
async function throughput(): Promise<void> {
  await using without = await startTarget('noop-service.ts', ['METRICS=false', 'DASHBOARD=false'])
  await using watched = await startTarget('noop-service.ts')
  for (const target of [without, watched]) await completeMany(target, 5_000) // warms up
  const stop = new AbortController()
  for (let i = 0; i < DASHBOARDS; i++) look(watched.url, stop.signal)
  const rates: number[] = []
  const ratios: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? [without, watched] : [watched, without]
    const figures = new Map<Target, number>()
    for (const target of order) figures.set(target, await completeMany(target, JOBS))
    const [bare = Number.NaN, ours = Number.NaN] = [figures.get(without), figures.get(watched)]
    rates.push(bare)
    ratios.push(ours / bare)
  }
  stop.abort()
  report({
    what: `no-op jobs with metrics and ${DASHBOARDS} dashboards open`,
    unit: 'jobs/s',
    ours: median(rates) * median(ratios),
    baseline: { name: 'without either', value: median(rates) },
    goal: { atLeast: 0.95 },
  })
  await completeMany(watched, HISTORY - ROUNDS * JOBS - 5_000)
  await firstPaint(watched.url)
}

/** From the address to the first rows on the screen, in a browser that has nothing of the page and in one that has. */
async function firstPaint(url: string): Promise<void> {
  await using browser = await startChromium()
  const cold: number[] = []
  const warm: number[] = []
  for (let load = 0; load < LOADS; load++) {
    const { page } = await browser.open('about:blank')
    await page.addInitScript(`
      const look = () => document.querySelector('.jobs tbody tr') ? requestAnimationFrame(() => (window.painted = performance.now())) : requestAnimationFrame(look)
      requestAnimationFrame(look)`)
    for (const times of [cold, warm]) {
      await page.goto(`${url}/dashboard/jobs`)
      await page.locator('.jobs tbody tr').first().waitFor()
      let painted: unknown
      while (typeof painted !== 'number') painted = await page.evaluate('window.painted')
      times.push(painted)
    }
    await page.close()
  }
  const what = `first paint of the list with ${HISTORY.toLocaleString('en')} jobs in history`
  report({ what, unit: 'ms', ours: median(cold), goal: { atMost: 500 } })
  report({ what: `${what}, again`, unit: 'ms', ours: median(warm), goal: { atMost: 500 } })
}

/** Loop lag of a service of which a hundred running jobs are followed. */
async function followed(): Promise<void> {
  await using target = await startTarget('chatty-service.ts')
  const client = new JobClient({ url: target.url })
  const submit = (i: number): Promise<string> =>
    client.uploadFiles([{ name: `${i}.txt`, data: new Blob(['x']) }], { parameters: null })
  await Promise.all(Array.from({ length: FOLLOWED }, (_, i) => submit(i)))
  const isBusy = async (): Promise<boolean> => (await client.stats()).states.processing === FOLLOWED
  while (!(await isBusy())) await pause(100)
  const heard: { jobs: number }[] = []
  const stop = new AbortController()
  for (let i = 0; i < DASHBOARDS; i++) heard.push(look(target.url, stop.signal))
  await pause(2_000)
  target.process.send('begin')
  await pause(FOLLOW_MS)
  const told = once(target.process, 'message')
  target.process.send('lag')
  const [lag]: unknown[] = await told
  stop.abort()
  if (heard.some(({ jobs }) => jobs < FOLLOWED * 10)) throw new Error(`too little was heard: ${JSON.stringify(heard)}`)
  report({
    what: `loop lag p99 while ${DASHBOARDS} dashboards follow ${FOLLOWED} running jobs`,
    unit: 'ms',
    ours: Number(lag),
    goal: { atMost: 20 },
  })
}

/** Asks of a service what an overview does, until the signal aborts; counts the changes it hears. */
function look(url: string, signal: AbortSignal): { jobs: number } {
  const client = new JobClient({ url })
  const heard = { jobs: 0 }
  const follow = async (): Promise<void> => {
    for await (const news of client.jobChanges({ signal })) if (news.type === 'changed') heard.jobs += 1
  }
  const read = async (): Promise<void> => {
    while (!signal.aborted) {
      await Promise.all([client.stats({ signal }), client.workers({ signal })])
      await pause(2_000, undefined, { signal })
    }
  }
  for (const each of [follow(), read()]) each.catch((failure: unknown) => signal.aborted || console.error(failure))
  return heard
}
