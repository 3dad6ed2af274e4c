import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { JobClient } from '../client/src/index.ts'
import { startChromium } from '../test/support/chromium.ts'
import { completeIn, runInTurns, startPair } from './support/in-turns.ts'
import { startTarget, type Target } from './support/load.ts'
import { median, report } from './support/report.ts'

/**
 * What people who look cost, and how long they wait. Dashboards are stood for by what each asks of the service, from a
 * process of their own (`support/watchers.ts`); a browser would take a core of its own and measure that. Processor time of
 * the service says the same with less noise.
 */
const DASHBOARDS = 3
const FOURS = 18
const JOBS = 2_000
/** After the last job of a turn, the last changes are told within half a second. */
const ECHO_MS = 600
const HISTORY = 100_000
const LOADS = 7
const FOLLOWED = 100
const FOLLOW_MS = 15_000

/** When the page, its code and the list were there, in ms since the address was given. */
const PARTS = `(() => {
  const [page] = performance.getEntriesByType('navigation')
  const all = performance.getEntriesByType('resource')
  const list = all.find(({ name }) => name.includes('/jobs?'))
  const code = all.filter(({ name, startTime }) => name.endsWith('.js') && startTime < list.startTime)
  return [page.responseEnd, Math.max(...code.map((each) => each.responseEnd)), list.startTime, list.responseEnd].map(Math.round)
})()`

await throughput()
await followed()

/** Job throughput with metrics, and dashboards open, against the same build without; then the first paint over the history that left. */
async function throughput(): Promise<void> {
  await using pair = await startPair(['METRICS=false', 'DASHBOARD=false'], [])
  const { url } = pair.ours
  const watchers = await startTarget('watchers.ts', [url, `${DASHBOARDS}`])
  const { rate, cpuUs } = await runInTurns(pair, {
    fours: FOURS,
    jobs: JOBS,
    onTurn: (isOurs) => watchers.process.send(isOurs ? 'read' : 'rest'),
    echoMs: ECHO_MS,
  })
  await watchers[Symbol.asyncDispose]()
  const conditions = `with metrics and ${DASHBOARDS} dashboards open`
  report({
    what: `no-op jobs ${conditions}`,
    unit: 'jobs/s',
    ours: rate.bare * rate.ratio,
    baseline: { name: 'without either', value: rate.bare },
    span: rate.span,
    goal: { atLeast: 0.95 },
  })
  report({
    what: `processor time of a job ${conditions}`,
    unit: 'µs',
    ours: cpuUs.bare * cpuUs.ratio,
    baseline: { name: 'without either', value: cpuUs.bare },
    span: cpuUs.span,
    goal: { atMost: 1.05 },
  })
  const { states } = await new JobClient({ url }).stats()
  await completeIn(pair, pair.ours, HISTORY - states.completed)
  await firstPaint(url)
}

async function ask({ process: child }: Target, what: string): Promise<unknown> {
  const told = once(child, 'message')
  child.send(what)
  return (await told)[0]
}

/** From the address to the first rows on the screen, in a browser that has nothing of the page and in one that has. */
async function firstPaint(url: string): Promise<void> {
  await using browser = await startChromium()
  const cold: number[] = []
  const warm: number[] = []
  const parts: number[][] = []
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
      if (times === cold) parts.push((await page.evaluate(PARTS)) as number[])
    }
    await page.close()
  }
  const what = `first paint of the list with ${HISTORY.toLocaleString('en')} jobs in history`
  report({ what, unit: 'ms', ours: median(cold), goal: { atMost: 500 } })
  const [page, code, asked, told] = [0, 1, 2, 3].map((part) => median(parts.map((times) => times[part] ?? 0)))
  console.log(
    `  of these, since the address was given: page there ${page} ms, code there ${code} ms, list asked for ${asked} ms, list there ${told} ms`,
  )
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
  await using watchers = await startTarget('watchers.ts', [target.url, `${DASHBOARDS}`])
  watchers.process.send('read')
  await pause(2_000)
  target.process.send('begin')
  await pause(FOLLOW_MS)
  const lag = await ask(target, 'lag')
  const heard = (await ask(watchers, 'heard')) as number[]
  if (heard.some((jobs) => jobs < FOLLOWED * 10)) throw new Error(`too little was heard: ${JSON.stringify(heard)}`)
  report({
    what: `loop lag p99 while ${DASHBOARDS} dashboards follow ${FOLLOWED} running jobs`,
    unit: 'ms',
    ours: Number(lag),
    goal: { atMost: 20 },
  })
}
