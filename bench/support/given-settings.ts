/** The settings among the arguments of a script, given as `NAME=value`. */
export function givenSettings(): Record<string, string> {
  const pairs = process.argv.slice(2).filter((each) => each.includes('='))
  return Object.fromEntries(pairs.map((each) => each.split('=', 2)))
}
