import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { formatKeyEntry } from '../../src/access/api-key.ts'
import { type Browser, startChromium } from '../support/chromium.ts'
import { type DashboardPage, openDashboard } from '../support/dashboard-page.ts'
import { openReceiver, WEBHOOK_SECRET } from '../support/receiver.ts'
import { openService } from '../support/service-here.ts'

const KEYS = {
  reader: 'a-key-that-may-only-read',
  submitter: 'a-key-that-may-only-submit',
  acme: 'a-key-of-the-tenant-acme',
  operator: 'a-key-that-may-do-all',
}

const ENTRIES = [
  formatKeyEntry(KEYS.reader, { scopes: ['read'] }),
  formatKeyEntry(KEYS.submitter, { scopes: ['submit'] }),
  formatKeyEntry(KEYS.acme, { tenant: 'acme' }),
  formatKeyEntry(KEYS.operator),
].join(',')

describe('the dashboard of a service with keys', () => {
  let browser: Browser
  let service: Awaited<ReturnType<typeof openService>>
  let receiver: Awaited<ReturnType<typeof openReceiver>>
  before(async () => {
    receiver = await openReceiver((_n, response) => response.writeHead(410).end())
    browser = await startChromium()
    const webhooks = { WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true' }
    service = await openService({ API_KEYS: ENTRIES, SHUTDOWN_GRACE_SECONDS: '0', ...webhooks })
  })
  after(async () => {
    await browser[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
    await receiver[Symbol.asyncDispose]()
  })

  /** Submits a file; one that `ends` is waited for. */
  async function submitAs(key: string, fields: Record<string, string> = {}, { ends = true } = {}): Promise<string> {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    form.set('file', new Blob(['hello\n']), 'hello.txt')
    const headers = { authorization: `Bearer ${key}`, ...(ends && { prefer: 'wait=30' }) }
    const answer = await fetch(`${service.api.url}/ingest/upload`, { method: 'POST', body: form, headers })
    return ((await answer.json()) as { job_id: string }).job_id
  }

  async function scheduleAs(key: string, name: string): Promise<void> {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const job = { manifest_inline: { files: ['s3://longshore/nothing.txt'] } }
    const body = JSON.stringify({ name, cron: '@weekly', job })
    await fetch(`${service.api.url}/schedules`, { method: 'POST', body, headers })
  }

  async function signIn(key: string, path = '/jobs'): Promise<DashboardPage> {
    const opened = await openDashboard(browser, service.api.url, path)
    await opened.page.fill('#key', key)
    await opened.page.click('button[type=submit]')
    await opened.page.waitForSelector('main .view, main .empty')
    return opened
  }

  test('asks for a key once, and forgets it when told to', async () => {
    const id = await submitAs(KEYS.operator)
    await using opened = await openDashboard(browser, service.api.url, '/jobs')
    const { page } = opened
    await opened.checkAccess('the question for a key')
    await page.fill('#key', 'no-key-of-this-service')
    await page.click('button[type=submit]')
    await page.waitForSelector('.refusal:has-text("The API key is not known")')
    await page.fill('#key', KEYS.reader)
    await page.click('button[type=submit]')
    await page.waitForSelector(`a[title="${id}"]`)
    await page.click('button[aria-label^="Sign out"]')
    await page.waitForSelector('#key')
    assert.equal(await page.evaluate('sessionStorage.length'), 0)
  })

  test('a key that may only read is called so, and sees no button it cannot use', async () => {
    const running = await submitAs(KEYS.operator, { parameters: '{"workMs":600000}' }, { ends: false })
    const told = await submitAs(KEYS.operator, { callback_url: receiver.url })
    await receiver.seen(1)
    await scheduleAs(KEYS.operator, 'weekly')

    await using opened = await signIn(KEYS.reader)
    const { page } = opened
    const shown = {
      '/jobs': `a[title="${running}"]`,
      '/jobs?status=failed': '.filters',
      [`/jobs/${running}`]: '.job-now',
      [`/jobs/${told}`]: '.delivery:has-text("failed")',
      '/schedules': 'h2:has-text("weekly")',
      '/submit': 'h1:has-text("Your key may not submit jobs")',
    }
    for (const [path, selector] of Object.entries(shown)) {
      await opened.view(path)
      await page.waitForSelector(selector)
      await page.waitForSelector('.chip:text-is("Read only")')
      const words = await page.locator('button, nav a').allTextContents()
      const forOthers = /Cancel$|Cancel all|Retry|Delete|Submit|once more|Run .* now|Pause|Resume/
      assert.deepEqual(
        words.filter((word) => forOthers.test(word)),
        [],
        path,
      )
      await opened.checkAccess(`${path} with a key that may only read`)
    }
  })

  test('a key that may only submit is told so, and led to where it may', async () => {
    await using opened = await signIn(KEYS.submitter)
    const { page } = opened
    await page.waitForURL('**/dashboard/submit')
    await page.waitForSelector('.chip:text-is("May only submit")')
    assert.deepEqual(await page.locator('nav a').allTextContents(), ['Submit'])
    assert.equal(await page.locator('.connection').count(), 0)
    await opened.checkAccess('submitting with a key that may only submit')
    await page.setInputFiles('input[type=file]', {
      name: 'in.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('hello\n'),
    })
    await page.click('text=Submit 1 file')
    const id = await page.locator('p[role=status] .mono').textContent()
    await using reads = await signIn(KEYS.reader, `/jobs/${id}`)
    await reads.page.waitForSelector('.files .clip:has-text("in.txt")')
    for (const path of ['', '/jobs', `/jobs/${id}`, '/schedules', '/nowhere']) {
      await page.goto(`${service.api.url}/dashboard${path}`)
      await page.waitForURL('**/dashboard/submit')
    }
    assert.equal(await page.locator('.fault').count(), 0)
  })

  test("whose each job is is shown to who sees those of all; a tenant's page says nothing of tenants", async () => {
    const [theirs, nobodys] = [await submitAs(KEYS.acme), await submitAs(KEYS.operator)]
    await using opened = await signIn(KEYS.operator)
    const { page } = opened
    await page.waitForSelector(`a[title="${nobodys}"]`)
    await page.fill('.search input', 'tenant:acme')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/dashboard/jobs?tenant=acme')
    await page.locator(`a[title="${nobodys}"]`).waitFor({ state: 'detached' })
    await page.click('[aria-label="No longer filter by tenant acme"]')
    await page.waitForSelector(`a[title="${nobodys}"]`)
    await page.locator('button[aria-label="Tenant acme"]').first().click()
    await page.waitForURL('**/dashboard/jobs?tenant=acme')
    await opened.checkAccess('jobs of tenants')

    await using own = await signIn(KEYS.acme, '/jobs?tenant=somebody')
    await own.page.waitForSelector(`a[title="${theirs}"]`)
    assert.equal(await own.page.locator('.chip-tenant, .filters .chip').count(), 0)
    assert.doesNotMatch(String(await own.page.getAttribute('.search input', 'placeholder')), /tenant/)
  })

  test('every button of a schedule has a name of its own, whatever tenants call theirs', async () => {
    await scheduleAs(KEYS.acme, 'nightly')
    await scheduleAs(KEYS.operator, 'nightly')
    await using opened = await signIn(KEYS.operator, '/schedules')
    const button = (name: string) => opened.page.getByRole('button', { name, exact: true })
    for (const name of ['Run nightly now', 'Run nightly of acme now', 'Pause nightly']) await button(name).waitFor()
    await button('Pause nightly of acme').click()
    await button('Resume nightly of acme').waitFor()
    await button('Pause nightly').waitFor()
  })

  test("a group leads to that of the job's tenant, and bulk actions reach that tenant's alone", async () => {
    const busy = { parameters: '{"workMs":600000}', group: 'plankton' }
    const theirs = await submitAs(KEYS.acme, busy, { ends: false })
    const nobodys = await submitAs(KEYS.operator, busy, { ends: false })
    await using opened = await signIn(KEYS.operator)
    const { page } = opened
    await page.locator(`tr:has(a[title="${theirs}"]) .chip:text-is("plankton")`).click()
    await page.waitForURL('**/dashboard/jobs?group=plankton&tenant=acme')
    await page.locator(`a[title="${nobodys}"]`).waitFor({ state: 'detached' })
    await page.waitForSelector(`a[title="${theirs}"]`)
    await opened.view(`/jobs/${theirs}`)
    await page.click('dd a:text-is("plankton")')
    await page.waitForURL('**/dashboard/jobs?group=plankton&tenant=acme')
    await page.waitForSelector(`a[title="${theirs}"]`)
    await page.click('text=Cancel all…')
    await page.waitForSelector('dialog:has-text("are of group plankton and belong to the tenant acme: 1 job")')
    await page.click('dialog button:has-text("Cancel 1 job")')
    await page.locator(`tr:has(a[title="${theirs}"]) .status-cancelled`).waitFor()
    await opened.view('/jobs?group=plankton')
    await page.waitForSelector(`tr:has(a[title="${nobodys}"]) .status-processing`)
    await opened.view('/jobs?group=elsewhere')
    await page.waitForSelector('.empty:has-text("filter by tenant:… too")')
  })
})
