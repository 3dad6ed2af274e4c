import { setTimeout as delay } from 'node:timers/promises'

/** Asks for health until `watched` is over; answers how long each answer took, in ms, sorted. */
export async function watchHealth(url: string, watched: Promise<unknown>): Promise<number[]> {
  const tookMs: number[] = []
  let over = false
  void watched.finally(() => {
    over = true
  })
  while (!over) {
    const askedAt = performance.now()
    await (await fetch(`${url}/health`)).text()
    tookMs.push(performance.now() - askedAt)
    await delay(10)
  }
  return tookMs.sort((a, b) => a - b)
}
