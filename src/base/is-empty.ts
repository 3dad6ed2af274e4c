/** Whether an object has no property to go through; makes no list of them. */
export function isEmpty(object: object): boolean {
  for (const _ in object) return false
  return true
}
