import { stat } from 'node:fs/promises'

const given = process.argv.find((each) => each.startsWith('input='))

/** Looks for the one input file of a rival's job, as ours does before each run. */
export async function lookForInput(): Promise<void> {
  if (given) await stat(given.slice('input='.length))
}
