import { existsSync } from 'node:fs'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Where Debian puts it; `TEST_CHROMIUM` names another one. */
const PROGRAM = process.env.TEST_CHROMIUM ?? '/usr/bin/chromium'

/** How a page is looked at; 900 by 700 points unless given. */
export type Look = Pick<BrowserContextOptions, 'colorScheme' | 'viewport' | 'reducedMotion'>

/** A browser for tests. */
export interface Browser extends AsyncDisposable {
  /** Opens an address; what its scripts throw and nobody catches is in `errors`. */
  open(url: string, look?: Look): Promise<{ page: Page; errors: Error[] }>
}

/** Starts a headless Chromium. One that is not there is a failure, never a skipped test. */
export async function startChromium(): Promise<Browser> {
  if (!existsSync(PROGRAM)) {
    throw new Error(`There is no ${PROGRAM}: install Debian's package chromium, or name one by TEST_CHROMIUM`)
  }
  // The sandbox needs rights that tests in a container do not have.
  const browser = await chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox'] })
  return {
    open: async (url, look) => {
      const page = await browser.newPage({ viewport: { width: 900, height: 700 }, ...look })
      const errors: Error[] = []
      page.on('pageerror', (error) => errors.push(error))
      await page.goto(url)
      return { page, errors }
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}
