import { type Measurement, median, middle } from './report.ts'

/**
 * Lets contestants work in turns, in the opposite order every other round, so that a machine that grows faster or slower
 * meets all alike. Answers what each did, by round.
 */
export async function takeTurns<Name extends string>(
  contestants: Readonly<Record<Name, () => number | Promise<number>>>,
  rounds: number,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contestants) as Name[]
  const rates = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) rates[name].push(await contestants[name]())
  }
  return rates
}

/** What we did beside a rival: each round gives a ratio, and the middle of those is told, with how far it may be from the truth. */
export function beside(
  ours: readonly number[],
  name: string,
  rival: readonly number[],
): Pick<Measurement, 'ours' | 'baseline' | 'span'> {
  const { value: ratio, span } = middle(ours.map((rate, round) => rate / (rival[round] ?? Number.NaN)))
  return { ours: median(ours), baseline: { name, value: median(rival), ratio }, span }
}
