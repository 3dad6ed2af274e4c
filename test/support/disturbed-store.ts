import type { ObjectStore } from '../../src/storage/object-store.ts'

/** What is done instead of a verb; `go` does what the verb does. */
export type Disturbance = (go: () => Promise<unknown>) => Promise<unknown>

/** A store whose verbs can be disturbed while it is in use: those named in `disturbances`, as long as they are. */
export function disturbed<Store extends ObjectStore>(
  store: Store,
  disturbances: Partial<Record<keyof ObjectStore, Disturbance>>,
): Store {
  return new Proxy(store, {
    get(target, verb) {
      const value: unknown = Reflect.get(target, verb)
      if (typeof value !== 'function') return value
      return (...given: unknown[]): unknown => {
        const go = (): Promise<unknown> => Reflect.apply(value, target, given)
        const disturbance = Object.entries(disturbances).find(([name]) => name === verb)?.[1]
        return disturbance ? disturbance(go) : go()
      }
    },
  })
}
