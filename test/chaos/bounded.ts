/** Maps items, so many at once; answers in their order. */
export async function mapBounded<Item, Answer>(
  items: readonly Item[],
  atOnce: number,
  map: (item: Item, index: number) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = []
  const queue = items.entries()
  const work = async (): Promise<void> => {
    for (const [index, item] of queue) answers[index] = await map(item, index)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return answers
}
