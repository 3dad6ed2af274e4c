import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Lane, type LaneTask } from '../../src/engine/postgres/lane.ts'
import { ProcessorUse } from '../../src/engine/postgres/processor-use.ts'

interface Numbered extends LaneTask {
  n: number
}

/** A lane whose rounds end when they are told to, and what each of them was given. */
function openLane(share: number) {
  const rounds: number[][] = []
  let endRound = (): void => {}
  const lane = new Lane<Numbered>(
    (tasks) => {
      rounds.push(tasks.map(({ n }) => n))
      return new Promise((resolve) => {
        endRound = resolve
      })
    },
    { share },
  )
  let next = 0
  const add = (count: number): void => {
    for (let i = 0; i < count; i++) lane.add({ n: next++, reject: () => {} })
  }
  const end = async (): Promise<void> => {
    endRound()
    await turn()
    await turn()
  }
  return { lane, add, end, rounds, sizes: () => rounds.map((round) => round.length) }
}

test('while the process has time to spare, a round takes all that wait', async () => {
  const { add, end, sizes } = openLane(0.3)
  add(64)
  await turn()
  add(62)
  await end()
  assert.deepEqual(sizes(), [64, 62])
})

test('while the process is the narrow place, those who come together are parted, in their order', async () => {
  const { add, end, rounds, sizes } = openLane(0.9)
  add(64)
  await turn()
  await end()
  assert.deepEqual(sizes(), [32, 32])
  // Those of the first round are back while the second one is under way, and so it stays.
  add(32)
  await end()
  add(32)
  await end()
  assert.deepEqual(sizes(), [32, 32, 32, 32])
  assert.deepEqual(
    rounds.flat(),
    Array.from({ length: 128 }, (_, n) => n),
  )
})

test('few are never parted', async () => {
  const { add, sizes } = openLane(0.9)
  add(16)
  await turn()
  assert.deepEqual(sizes(), [16])
})

test('whatever is asked for is served, though a round fails', async () => {
  const failed: number[] = []
  const served: number[] = []
  const lane = new Lane<Numbered>(
    async (tasks) => {
      if (tasks.some(({ n }) => n === 3)) throw new Error('the round failed')
      served.push(...tasks.map(({ n }) => n))
    },
    { share: 0.9 },
  )
  for (let n = 0; n < 100; n++) lane.add({ n, reject: () => failed.push(n) })
  await lane.close(new Error('closed'))
  assert.deepEqual(
    [...failed, ...served].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, n) => n),
  )
  assert.ok(failed.includes(3) && served.includes(99))
  const late = await new Promise((reject) => lane.add({ n: 100, reject }))
  assert.match(String(late), /closed/)
})

test('the use of the processor is that of the time that passed', async () => {
  const use = new ProcessorUse()
  const begun = performance.now()
  while (performance.now() - begun < 150) {}
  const { share } = use
  assert.ok(share > 0.05 && share <= 1, `a loop without a pause took ${share}`)
  assert.equal(use.share, share)
})
