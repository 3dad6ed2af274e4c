import { LocalStore } from '../../src/storage/local-store.ts'
import { objectStoreConformance, type StoreUnderTest } from '../conformance/object-store.ts'
import { serveSignedObjects } from '../support/signed-object-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

const SECRET = 'a secret that is long enough to sign with'

objectStoreConformance('the local store', async (): Promise<StoreUnderTest> => {
  const folder = await tempFolder()
  const store = new LocalStore({ folder: folder.path, signingSecret: SECRET })
  await store.start()
  const server = await serveSignedObjects(store, SECRET)
  const dispose = async (): Promise<void> => {
    await server[Symbol.asyncDispose]()
    await store.stop()
    await folder[Symbol.asyncDispose]()
  }
  return { store, bucket: 'tested', absolute: (url) => server.origin + url, [Symbol.asyncDispose]: dispose }
})
