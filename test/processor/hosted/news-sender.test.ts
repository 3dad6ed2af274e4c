import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FromHost } from '../../../src/processor/hosted/messages.ts'
import { NewsSender } from '../../../src/processor/hosted/news-sender.ts'
import { ManualClock } from '../../support/manual-clock.ts'

function openSender() {
  const sent: FromHost[] = []
  const clock = new ManualClock()
  const news = new NewsSender({ send: (message) => sent.push(message) }, clock)
  const percents = (): unknown[] =>
    sent.flatMap((message) => (message.type === 'progress' ? [message.progress.percent] : []))
  const lines = (): string[] => sent.flatMap((message) => (message.type === 'log' ? message.lines : []))
  return { news, clock, sent, percents, lines }
}

test('of progress that comes fast the newest crosses, at most every 50 ms, and no timer is left', () => {
  const { news, clock, percents } = openSender()
  for (let percent = 0; percent <= 10; percent++) news.progress({ stage: 'processing', percent })
  assert.deepEqual(percents(), [0])
  clock.advance(50)
  assert.deepEqual(percents(), [0, 10])
  assert.equal(clock.pending, 0)
})

test('lines that the service does not take in time are dropped and counted, and go on once it has', () => {
  const { news, lines } = openSender()
  for (let n = 0; n < 10_500; n++) news.log(`${n}`)
  news.flush()
  assert.equal(lines().length, 10_001)
  assert.match(lines().at(-1) ?? '', /500 lines were dropped here/)
  news.linesTaken(10_001)
  news.log('later')
  news.flush()
  assert.equal(lines().at(-1), 'later')
})

test('what was said before a message crosses before it, and after the last one nothing does', () => {
  const { news, clock, sent } = openSender()
  news.log('first')
  news.close({ type: 'completed', result: null, memoryBytes: 1 })
  news.log('late')
  news.progress({ stage: 'processing' })
  clock.advance(1_000)
  assert.deepEqual(
    sent.map(({ type }) => type),
    ['log', 'completed'],
  )
})
