import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { putCommand } from '../cli/longshore.ts'
import { type Browser, startChromium } from '../support/chromium.ts'
import { openDashboard } from '../support/dashboard-page.ts'
import { openService } from '../support/service-here.ts'
import { tempFolder } from '../support/temp-folder.ts'

const run = promisify(execFile)

describe('schedules in the dashboard', () => {
  let browser: Browser
  let service: Awaited<ReturnType<typeof openService>>
  before(async () => {
    browser = await startChromium()
    service = await openService({ SHUTDOWN_GRACE_SECONDS: '0' })
  })
  after(async () => {
    await browser[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
  })

  const open = () => openDashboard(browser, service.api.url, '/schedules')

  test('the command that is shown where there is none makes one, in a shell, as it stands', async () => {
    await using folder = await tempFolder()
    await putCommand(folder.path)
    await using opened = await open()
    const { page } = opened
    const line = String(await page.textContent('.empty pre'))
    const env = { PATH: `${folder.path}:${process.env.PATH}` }
    const { stdout } = await run('sh', ['-c', line], { env, cwd: folder.path })
    assert.match(stdout, /^nightly fires at 30 2 \* \* \* \(Europe\/Berlin\), next /)
    await opened.view('/schedules')
    await page.waitForSelector('h2:has-text("nightly")')
    await opened.checkAccess('a schedule')
  })

  test('one is paused and fired', async () => {
    await using opened = await open()
    const { page } = opened
    await page.waitForSelector('code:has-text("30 2 * * *")')
    await page.click('text=Pause')
    await page.waitForSelector('.chip:has-text("Paused")')
    await page.click('text=Run nightly now')
    await page.waitForSelector('dd:has-text("1 fired")')
  })

  test('all of them are reached, a page at a time', async () => {
    const job = { manifest_inline: { files: ['s3://longshore/nothing.txt'] } }
    const names = Array.from({ length: 60 }, (_, i) => `of-many-${String(i).padStart(2, '0')}`)
    for (const name of names) {
      const body = JSON.stringify({ name, cron: '@yearly', job, paused: true })
      await fetch(`${service.api.url}/schedules`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      })
    }
    await using opened = await open()
    const { page } = opened
    const shown = () => page.locator('main h2 a').allTextContents()
    await page.waitForSelector('h2:has-text("of-many-00")')
    const first = await shown()
    await page.click('.pages >> text=Next')
    await page.waitForURL('**/schedules?cursor=*')
    await page.waitForSelector('h2:has-text("of-many-59")')
    assert.deepEqual([...first, ...(await shown())], ['nightly', ...names])
    assert.equal(await page.locator('.pages >> text=Next').count(), 0)
    await opened.checkAccess('the last page of schedules')
    await page.click('.pages >> text=Previous')
    await page.waitForSelector('h2:has-text("nightly")')
  })
})
