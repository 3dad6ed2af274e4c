/** A key that nobody else has made. Not by `randomUUID`, which browsers have on secure pages only. */
export function freshKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
