import assert from 'node:assert/strict'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import type { Browser, Look } from './chromium.ts'

/** What axe found. */
interface Finding {
  id: string
  nodes: { html: string; failureSummary: string }[]
}

/** A dashboard in a browser. */
export interface DashboardPage extends AsyncDisposable {
  page: Page
  /** Goes to a view without loading the page anew. */
  view(path: string): Promise<void>
  /** Fails where axe finds something that keeps people out. */
  checkAccess(where: string): Promise<void>
}

/** Opens a view. Closing it fails where a script threw, the policy was broken, or another host was asked for something. */
export async function openDashboard(
  browser: Browser,
  url: string,
  path: string,
  look: Look = {},
): Promise<DashboardPage> {
  const { page, errors } = await browser.open('about:blank', look)
  const faults: string[] = []
  page.on('request', (request) => {
    const asked = request.url()
    if (!asked.startsWith(url) && !/^(data|blob|about):/.test(asked)) faults.push(`asked for ${asked}`)
  })
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) faults.push(message.text())
  })
  await page.goto(`${url}/dashboard${path}`)
  await page.waitForSelector('h1, h2')
  return {
    page,
    async view(to) {
      await page.goto(`${url}/dashboard${to}`)
      await page.waitForSelector('.view, .empty')
      await page.locator('[aria-busy=true]').waitFor({ state: 'detached' })
    },
    async checkAccess(where) {
      await page.evaluate(axe.source)
      const { violations } = await page.evaluate<{ violations: Finding[] }>('axe.run(document)')
      const told = violations.map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .map(({ html }) => html)
            .join(' ')
            .slice(0, 600)}`,
      )
      assert.deepEqual(told, [], where)
    },
    async [Symbol.asyncDispose]() {
      await page.close()
      assert.deepEqual([...errors.map(String), ...faults], [])
    },
  }
}
