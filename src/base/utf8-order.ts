const FIRST_SURROGATE = 0xd800
const AFTER_SURROGATES = 0xe000

/** Orders strings as their UTF-8 bytes, as S3 lists keys; JavaScript's own order differs beyond the basic plane. */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i += 1) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Surrogates stand for characters above all others, but their code units lie below U+E000 to U+FFFF. */
function rank(unit: number): number {
  if (unit < FIRST_SURROGATE) return unit
  return unit < AFTER_SURROGATES ? unit + 0x2000 : unit - 0x800
}
