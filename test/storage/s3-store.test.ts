import { randomUUID } from 'node:crypto'
import { after, before } from 'node:test'
import { S3Store } from '../../src/storage/s3-store.ts'
import { objectStoreConformance, type StoreUnderTest } from '../conformance/object-store.ts'
import { type S3Server, startS3Server } from '../support/s3-server.ts'
import { EXCUSED } from './s3-excused.ts'

let server: S3Server
before(async () => {
  server = await startS3Server()
})
after(() => server[Symbol.asyncDispose]())

objectStoreConformance(
  'the S3 store',
  async (): Promise<StoreUnderTest> => {
    const bucket = `test-${randomUUID()}`
    const store = new S3Store({ ...server, forcePathStyle: true, bucket })
    await store.start()
    return { store, bucket, absolute: (url) => url, [Symbol.asyncDispose]: () => store.stop() }
  },
  () => EXCUSED[server.name],
)
