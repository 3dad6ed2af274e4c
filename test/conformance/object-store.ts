import { suite, test } from 'node:test'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import type { ObjectRef } from '../../src/storage/object-uri.ts'
import { keyRules } from './object-store-keys.ts'
import { objectRules } from './object-store-objects.ts'
import { uploadRules } from './object-store-uploads.ts'

/** A started store with an empty bucket of its own. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly store: ObjectStore
  readonly bucket: string
  /** Makes a URL the store signed one that can be fetched. */
  absolute(url: string): string
}

/** What every object store must keep to: a sentence, and how it is shown. */
export interface StoreRule {
  title: string
  check(subject: StoreUnderTest): Promise<void>
}

/** Rules a store is excused from, by title, each with the reason. A title no rule has is an error. */
export type ExcusedRules = Readonly<Record<string, string>>

/** Shows of one store that it keeps every rule of the port. */
export function objectStoreConformance(
  name: string,
  makeStore: () => Promise<StoreUnderTest>,
  excused: () => ExcusedRules = () => ({}),
): void {
  const rules = [...objectRules, ...keyRules, ...uploadRules]
  suite(`${name} as an object store`, () => {
    for (const rule of rules) {
      test(rule.title, async (context) => {
        const reason = excused()[rule.title]
        if (reason !== undefined) return context.skip(reason)
        await using subject = await makeStore()
        await rule.check(subject)
      })
    }
    test('is excused from no rule that does not exist', () => {
      const titles = new Set(rules.map((rule) => rule.title))
      const unknown = Object.keys(excused()).filter((title) => !titles.has(title))
      if (unknown.length > 0) throw new Error(`No such rules: ${unknown.join('; ')}`)
    })
  })
}

/** An object of the bucket under test. */
export function at(subject: StoreUnderTest, key: string): ObjectRef {
  return { bucket: subject.bucket, key }
}
