import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Browser, startChromium } from '../support/chromium.ts'
import { openDashboard } from '../support/dashboard-page.ts'
import { openReceiver, WEBHOOK_SECRET } from '../support/receiver.ts'
import { openService } from '../support/service-here.ts'
import { tempFolder } from '../support/temp-folder.ts'

const PHONE = { width: 390, height: 844 }

type Service = Awaited<ReturnType<typeof openService>>

/** Submits a file and answers the id of its job; `ends` waits for its end. */
async function submit({ api }: Service, parameters: object, { run = 'x', ends = false } = {}): Promise<string> {
  const form = new FormData()
  form.set('file', new Blob(['hello\n']), 'hello.txt')
  form.set('parameters', JSON.stringify(parameters))
  form.set('labels', JSON.stringify({ run }))
  const headers = ends ? { prefer: 'wait=30' } : undefined
  const answer = await fetch(`${api.url}/ingest/upload`, { method: 'POST', body: form, ...(headers && { headers }) })
  return ((await answer.json()) as { job_id: string }).job_id
}

describe('the dashboard in Chromium', () => {
  let browser: Browser
  let service: Service
  let jobs: Record<'completed' | 'failed' | 'running', string>
  before(async () => {
    browser = await startChromium()
    service = await openService({ SHUTDOWN_GRACE_SECONDS: '0' })
    jobs = {
      completed: await submit(service, { records: 3 }, { run: 'done', ends: true }),
      failed: await submit(service, { fail: 'unrecoverable' }, { run: 'broken', ends: true }),
      running: await submit(service, { workMs: 600_000 }, { run: 'long' }),
    }
  })
  after(async () => {
    await browser[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
  })

  const open = (path: string, look = {}) => openDashboard(browser, service.api.url, path, look)
  const views = () => [
    '',
    '/jobs',
    '/jobs?status=failed',
    '/submit',
    '/schedules',
    ...Object.values(jobs).map((id) => `/jobs/${id}`),
    '/jobs/00000000-0000-4000-8000-000000000000',
    '/nowhere',
  ]

  test('a queue in which no job is due yet is not told to be empty', async () => {
    await using later = await openService()
    await later.api.upload({ 'a.txt': 'a' }, { delay_seconds: '3600' })
    await using opened = await openDashboard(browser, later.api.url, '')
    await opened.page.getByRole('region', { name: 'Figures' }).getByText('none is due yet').waitFor()
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`every view can be used by everybody (axe), in the ${colorScheme}, and keeps to its policy`, async () => {
      await using opened = await open('', { colorScheme, reducedMotion: 'reduce' })
      for (const path of views()) {
        await opened.view(path)
        await opened.checkAccess(`${path} ${colorScheme}`)
      }
    })
  }

  test('no view is wider than a phone', async () => {
    await using opened = await open('', { viewport: PHONE })
    for (const path of views()) {
      await opened.view(path)
      const width = await opened.page.evaluate('document.documentElement.scrollWidth')
      assert.ok(Number(width) <= PHONE.width, `${path} is ${width} wide`)
    }
  })

  test('the overview tells what ran and who runs what', async () => {
    await using opened = await open('')
    const { page } = opened
    await page.waitForSelector(`.running a[title="${jobs.running}"]`)
    await page.waitForSelector(`.failures a[title="${jobs.failed}"]`)
    assert.match(String(await page.textContent('.figures')), /Processing1of 3 slots.*Completed1.*Failed1/)
  })

  test('a job page shows attempts, files, log, result and the first records it wrote', async () => {
    await using opened = await open(`/jobs/${jobs.completed}`)
    const { page } = opened
    await page.waitForSelector('.records td')
    await page.waitForSelector('.line')
    const text = String(await page.textContent('main'))
    for (const expected of ['Attempt 1: ran', 'hello.txt', 'attempt 1 begins', '"digests"', 'responses_00000.jsonl']) {
      assert.ok(text.includes(expected), expected)
    }
  })

  test('a filter stands in the address, and the keyboard reaches it', async () => {
    await using opened = await open('/jobs')
    const { page } = opened
    await page.waitForSelector(`a[title="${jobs.failed}"]`)
    await page.keyboard.press('/')
    await page.keyboard.type('run=done')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/dashboard/jobs?label=run%3Ddone')
    await page.locator('.jobs:not(.loading) tbody tr').nth(1).waitFor({ state: 'detached' })
    await page.waitForSelector(`a[title="${jobs.completed}"]`)
    await page.goBack()
    await page.waitForSelector(`a[title="${jobs.failed}"]`)
    await page.focus(`a[title="${jobs.failed}"]`)
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/dashboard/jobs/${jobs.failed}`)
    await page.waitForSelector('h1:focus')
  })

  test('a job that changes changes its row, without the page being read anew', async () => {
    await using opened = await open('/jobs')
    const { page } = opened
    await page.waitForSelector('.connection-live')
    const id = await submit(service, { workMs: 600_000 }, { run: 'live' })
    const row = `tr:has(a[title="${id}"])`
    await page.locator(`.fresh, ${row}`).first().waitFor()
    // The row may come by itself while the offer to show it is on the page.
    await Promise.race([page.click('.fresh').catch(() => {}), page.waitForSelector(row)])
    const status = page.locator(`${row} .status`)
    await status.filter({ hasText: 'Processing' }).waitFor()
    await service.api.post(`/jobs/${id}/cancel`)
    await status.filter({ hasText: 'Cancelled' }).waitFor()
  })

  test('everything that a filter matches is cancelled at once, after it was counted', async () => {
    const ids = await Promise.all([1, 2, 3].map(() => submit(service, { workMs: 600_000 }, { run: 'bulk' })))
    await using opened = await open('/jobs?label=run%3Dbulk')
    const { page } = opened
    await page.click('text=Cancel all…')
    await page.click('dialog button:has-text("Cancel 3 jobs")')
    await page.waitForSelector('.notice:has-text("3 jobs asked to stop")')
    await page.locator('.jobs .status-cancelled').nth(2).waitFor()
    for (const id of ids) assert.equal((await service.api.job(id)).status, 'cancelled')
    await page.click('text=Retry all…')
    await page.waitForSelector('dialog[open]')
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog', { state: 'detached' })
  })

  test('files that are chosen and dropped become a job, with its parameters and labels', async () => {
    await using folder = await tempFolder()
    const path = join(folder.path, 'picked.txt')
    await writeFile(path, 'picked\n')
    await using opened = await open('/submit')
    const { page } = opened
    await page.setInputFiles('input[type=file]', path)
    const dropped = await page.evaluateHandle(
      '(() => { const data = new DataTransfer(); data.items.add(new File(["dropped"], "dropped.txt")); return data })()',
    )
    await page.dispatchEvent('.drop', 'drop', { dataTransfer: dropped })
    await page.fill('#parameters', '{"records": }')
    await page.click('text=Submit 2 files')
    await page.waitForSelector('text=Parameters: expected JSON')
    await page.fill('#parameters', '{"records": 1}')
    await page.fill('#labels', 'from=page')
    await page.click('text=Submit 2 files')
    await page.waitForURL('**/dashboard/jobs/*-*')
    await page.locator('.job-now .status', { hasText: 'Completed' }).waitFor()
    await page.waitForSelector('.files .clip:has-text("dropped.txt")')
    await page.waitForSelector('.files .clip:has-text("picked.txt")')
  })

  test('a file of a name that is chosen already is told of, and taken as the person wants', async () => {
    await using opened = await open('/submit')
    const { page } = opened
    const choose = (...names: string[]) =>
      page.setInputFiles(
        'input[type=file]',
        names.map((name, i) => ({ name, mimeType: 'text/plain', buffer: Buffer.from('x'.repeat(i + 1)) })),
      )
    const chosen = () => page.locator('.chosen-files li').allTextContents()
    const told = page.locator('.same-names')
    await choose('scan.tar.gz', 'other.txt')
    await choose('new.txt', 'scan.tar.gz')
    await told.filter({ hasText: 'Not added: scan.tar.gz. A job has each name once' }).waitFor()
    await opened.checkAccess('a name twice')
    await told.getByRole('button', { name: 'Add as scan-2.tar.gz' }).click()
    assert.deepEqual(await chosen(), ['scan.tar.gz1 B', 'other.txt2 B', 'new.txt1 B', 'scan-2.tar.gz2 B'])
    await choose('a.txt', 'other.txt', 'a.txt')
    await told.filter({ hasText: 'Not added: other.txt, a.txt.' }).waitFor()
    await told.getByRole('button', { name: 'Replace those chosen before' }).click()
    assert.deepEqual((await chosen()).slice(1), ['other.txt2 B', 'new.txt1 B', 'scan-2.tar.gz2 B', 'a.txt3 B'])
    await choose('new.txt')
    await told.getByRole('button', { name: 'Leave out', exact: true }).click()
    await told.waitFor({ state: 'detached' })
    await page.click('text=Submit 5 files')
    await page.waitForURL('**/dashboard/jobs/*-*')
    await page.locator('.job-now .status', { hasText: 'Completed' }).waitFor()
    await page.waitForSelector('.files .clip:has-text("scan-2.tar.gz")')
  })

  test('a failed job is retried from its page', async () => {
    const id = await submit(service, { fail: 'unrecoverable' }, { run: 'again', ends: true })
    await using opened = await open(`/jobs/${id}`)
    const { page } = opened
    await page.click('button:has-text("Retry")')
    await page.locator('.span').nth(1).waitFor()
  })
})

describe('the webhooks of a job in the dashboard', () => {
  test('are followed from a refusal to the delivery that a person asked for', async () => {
    let code = 410
    await using receiver = await openReceiver((_n, response) => response.writeHead(code).end())
    await using browser = await startChromium()
    await using service = await openService({ WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true' })
    const form = new FormData()
    form.set('file', new Blob(['hello\n']), 'hello.txt')
    form.set('callback_url', receiver.url)
    const headers = { prefer: 'wait=30' }
    const answer = await fetch(`${service.api.url}/ingest/upload`, { method: 'POST', body: form, headers })
    const { job_id: id } = (await answer.json()) as { job_id: string }
    await receiver.seen(1)

    await using opened = await openDashboard(browser, service.api.url, `/jobs/${id}`)
    const delivery = opened.page.locator('.delivery')
    await delivery.filter({ hasText: 'failed' }).filter({ hasText: '410' }).waitFor()
    code = 204
    await delivery.getByRole('button', { name: 'Tell it once more' }).click()
    await delivery.filter({ hasText: 'delivered' }).filter({ hasText: 'HTTP 204' }).waitFor()
    assert.equal(receiver.received.length, 2)
  })
})
