import assert from 'node:assert/strict'
import { EventEmitter, on } from 'node:events'
import { describe, test } from 'node:test'
import { BaseProcessor, type JobInput, z } from '../../src/index.ts'
import { startChromium } from '../support/chromium.ts'
import { openDashboard } from '../support/dashboard-page.ts'
import { openServiceOf } from '../support/service-here.ts'

const Result = z.object({})

/** Logs what it is told to while its job runs. */
class Teller extends BaseProcessor<typeof Result> {
  readonly name = 'teller'
  readonly version = '1.0.0'
  readonly resultSchema = Result
  readonly began = Promise.withResolvers<void>()
  readonly #words = new EventEmitter<{ said: [text: string, percent?: number]; ended: [] }>()

  async processInput({ log, signal }: JobInput): Promise<z.input<typeof Result>> {
    const words = on(this.#words, 'said', { close: ['ended'], signal })
    this.began.resolve()
    for await (const [text, percent] of words) {
      log.info(text)
      if (percent !== undefined) this.reportProgress({ percent })
    }
    return {}
  }

  say(text: string, percent?: number): void {
    this.#words.emit('said', text, ...(percent === undefined ? [] : [percent]))
  }

  end(): void {
    this.#words.emit('ended')
  }
}

describe('the log on the page of a job', () => {
  test('gets each line while the job runs: with its progress, and where there is none, too', async () => {
    const teller = new Teller()
    await using browser = await startChromium()
    await using service = await openServiceOf(teller, { SHUTDOWN_GRACE_SECONDS: '0' })
    const id = await service.api.upload({ 'hello.txt': 'hello\n' })
    await teller.began.promise
    await using opened = await openDashboard(browser, service.api.url, `/jobs/${id}`)
    const { page } = opened
    const processing = page.locator('.job-now .status', { hasText: 'Processing' })
    const line = (text: string) => page.locator('.line', { hasText: text })
    await processing.waitFor()
    await page.waitForSelector('text=Nothing was logged.')
    for (const text of ['nothing but a line', 'the events at the start are over', 'another line']) {
      teller.say(text)
      await line(text).waitFor()
    }

    // What asks every so often is put out of the page: the event alone tells of the line.
    await page.addInitScript('window.setInterval = () => 0')
    await opened.view(`/jobs/${id}`)
    await line('nothing but a line').waitFor()
    teller.say('a line with progress', 50)
    await line('a line with progress').waitFor()
    await processing.waitFor()
    assert.equal((await service.api.job(id)).status, 'processing')

    teller.say('the last line')
    teller.end()
    await line('the last line').waitFor()
    await page.locator('.job-now .status', { hasText: 'Completed' }).waitFor()
  })
})
