import assert from 'node:assert/strict'
import { once } from 'node:events'
import { basename } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { type Browser, startChromium } from '../support/chromium.ts'
import { openDashboard } from '../support/dashboard-page.ts'
import { WEBHOOK_SECRET } from '../support/receiver.ts'
import { openScriptedService } from '../support/scripted-service.ts'

const PHONE = { width: 390, height: 844 }

/** As long as a label's name may become before anybody calls it odd. */
const LONG_NAME = 'instrument'.repeat(6)

const CALLBACK = 'http://127.0.0.1:9/told-at-the-end'

interface Slice {
  at: string
  completed: number
}

/** Changes what the service answers to the page. */
async function answer<Body>(page: Page, path: string, change: (body: Body) => void): Promise<void> {
  await page.route(
    (url) => url.pathname === path,
    async (route) => {
      const response = await route.fetch()
      const body = await response.json()
      change(body)
      await route.fulfill({ response, json: body })
    },
  )
}

describe('the dashboard, looked at closely', () => {
  let browser: Browser
  let service: Awaited<ReturnType<typeof openScriptedService>>
  let jobs: Record<'running' | 'completed', string>
  before(async () => {
    browser = await startChromium()
    const settings = { WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true', SHUTDOWN_GRACE_SECONDS: '0' }
    service = await openScriptedService(async ({ localPaths, outputs, signal }, report) => {
      if (basename(localPaths[0] ?? '') === 'long.txt') {
        report({ stage: 'segmenting', percent: 40 })
        await once(signal, 'abort')
      }
      const file = outputs.file('preview/dot.txt')
      await file.write(Buffer.from('dot'))
      await file.close()
      return {}
    }, settings)
    const running = await service.api.upload(
      { 'long.txt': 'x' },
      { labels: { [LONG_NAME]: 'a value to be read' }, callback_url: CALLBACK },
    )
    const completed = await service.api.upload({ 'short.txt': 'x' })
    await service.api.ended(completed)
    jobs = { running, completed }
  })
  after(async () => {
    await browser[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
  })

  const open = (path: string, look = {}) => openDashboard(browser, service.api.url, path, look)

  test('a long label name leaves the facts their room', async () => {
    await using opened = await open(`/jobs/${jobs.running}`)
    const { page } = opened
    await page.waitForSelector(`dt:text-is("${LONG_NAME}")`)
    const facts = await page.locator('section[aria-labelledby=facts] dl').boundingBox()
    const value = await page.locator('section[aria-labelledby=facts] dd').first().boundingBox()
    assert.ok(Number(value?.width) > Number(facts?.width) / 2, `${value?.width} of ${facts?.width}`)
  })

  test('a job shows where it tells of its end before it has ended', async () => {
    await using opened = await open(`/jobs/${jobs.running}`)
    await opened.page.waitForSelector(`dt:text-is("Webhook") + dd:text-is("${CALLBACK}")`)
  })

  test('an output is shown by where it lies in its job, and saved by its last part', async () => {
    await using opened = await open(`/jobs/${jobs.completed}`)
    const link = opened.page.locator('.output a')
    assert.equal(await link.textContent(), 'preview/dot.txt')
    assert.equal(await link.getAttribute('download'), 'dot.txt')
  })

  test('the stage of a running job can be read on a phone', async () => {
    await using opened = await open('', { viewport: PHONE })
    const stage = opened.page.locator('.running li .clip', { hasText: 'segmenting' })
    await stage.waitFor()
    assert.equal(await stage.evaluate((span) => span.scrollWidth > span.clientWidth), false)
  })

  test('no more slots are told to be in use than there are', async () => {
    await using opened = await open('/jobs')
    const { page } = opened
    await answer<{ workers: { busy: number; slots: number }[] }>(page, '/workers', ({ workers }) => {
      Object.assign(workers[0] ?? {}, { busy: 4, slots: 3 })
    })
    await answer<{ states: Record<string, number> }>(page, '/stats', ({ states }) => {
      states.processing = 4
    })
    await opened.view('')
    await page.locator('.worker-slots', { hasText: '3 / 3' }).waitFor()
    await page.locator('.figure', { hasText: 'Processing' }).filter({ hasText: '3of 3 slots' }).waitFor()
  })

  test('the rate counts the time since the start of the service, not the minutes before', async () => {
    await using opened = await open('/jobs')
    const { page } = opened
    const at = new Date().toISOString()
    await answer<{ at: string; slices: Slice[] }>(page, '/stats', (stats) => {
      stats.at = at
      for (const slice of stats.slices) slice.completed = 0
      Object.assign(stats.slices.at(-1) ?? {}, { completed: 20 })
    })
    await answer<{ workers: { started_at: string }[] }>(page, '/workers', ({ workers }) => {
      Object.assign(workers[0] ?? {}, { started_at: new Date(Date.parse(at) - 30_000).toISOString() })
    })
    await opened.view('')
    await page.locator('.figure', { hasText: 'Completed' }).filter({ hasText: '40 a minute lately' }).waitFor()
  })

  test('the dialog says which jobs are meant, and no more', async () => {
    await using opened = await open('/jobs')
    const { page } = opened
    const told = async (path: string): Promise<string | null> => {
      await opened.view(path)
      await page.click('text=Cancel all…')
      return page.locator('dialog p:has(strong)').textContent()
    }
    assert.equal(await told('/jobs'), 'Cancel the queued or running jobs: 1 job, on this page and beyond it.')
    assert.equal(
      await told('/jobs?status=processing&status=completed'),
      'Cancel the jobs that are processing: 1 job, on this page and beyond it.',
    )
    assert.equal(
      await told(`/jobs?label=${LONG_NAME}%3Da+value+to+be+read`),
      `Cancel the queued or running jobs that have the label ${LONG_NAME}=a value to be read: 1 job, on this page and beyond it.`,
    )
  })
})
