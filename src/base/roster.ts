/** So many entries at least have gone before a fresh map takes over. */
const FEWEST_GONE = 32

/**
 * A map whose entries come and go all the time, such as the jobs that run just now.
 *
 * V8 links each table of a `Map` that is outgrown, or full of deleted entries, to the one that takes its place. A table
 * that has been moved to the old generation thereby keeps alive all that follow it, with whatever was in them, until the
 * next full collection: entries of 5 KB that come and go cost ten times the time of garbage collection. Here a fresh map
 * takes over once as many entries have gone as there are, and nothing links to it.
 *
 * Who iterates over it while entries are added may miss those, and must not mind meeting one that is gone.
 */
export class Roster<Key, Value> {
  #map = new Map<Key, Value>()
  #gone = 0

  get size(): number {
    return this.#map.size
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key)
  }

  has(key: Key): boolean {
    return this.#map.has(key)
  }

  set(key: Key, value: Value): void {
    if (this.#gone >= Math.max(FEWEST_GONE, this.#map.size)) {
      this.#map = new Map(this.#map)
      this.#gone = 0
    }
    this.#map.set(key, value)
  }

  /** Whether there was such an entry. */
  delete(key: Key): boolean {
    const wasThere = this.#map.delete(key)
    if (wasThere) this.#gone += 1
    return wasThere
  }

  /** Keys in the order they came. */
  keys(): MapIterator<Key> {
    return this.#map.keys()
  }

  /** Values in the order their keys came. */
  values(): MapIterator<Value> {
    return this.#map.values()
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.#map.entries()
  }
}
