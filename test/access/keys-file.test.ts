import assert from 'node:assert/strict'
import { appendFile, link, mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { AccessList, UNLIMITED } from '../../src/access/access-list.ts'
import { KeysFile } from '../../src/access/keys-file.ts'
import { tempFolder } from '../support/temp-folder.ts'

const [FIRST, SECOND, THIRD] = ['the-first-of-all-keys', 'the-second-of-all-keys', 'the-third-of-all-keys']

/** Watches a file of keys; `next` resolves with what it says at the next change or fault. */
async function watched(path: string) {
  const access = new AccessList([FIRST], UNLIMITED)
  let heard = Promise.withResolvers<number | Error>()
  const tell = (what: number | Error): void => heard.resolve(what)
  const learnt = new Set<string>()
  const learn = (entries: readonly string[]): void => {
    for (const entry of entries) learnt.add(entry)
  }
  const file = new KeysFile({ path, access, learn, onChange: tell, onFault: tell })
  await file.start()
  const next = async (): Promise<number | Error> => {
    const what = await heard.promise
    heard = Promise.withResolvers()
    return what
  }
  return { access, learnt, next, [Symbol.asyncDispose]: () => file.stop() }
}

test('keys come and go with their file: written over, put in its place, or swapped behind a link as Kubernetes does', async () => {
  await using folder = await tempFolder()
  const path = join(folder.path, 'keys')
  await writeFile(join(folder.path, 'v1'), FIRST)
  await symlink('v1', path)
  await using file = await watched(path)
  await writeFile(join(folder.path, 'v2'), `# rotation\n${FIRST}\n${SECOND}\n`)
  await symlink('v2', join(folder.path, 'new'))
  await rename(join(folder.path, 'new'), path)
  assert.equal(await file.next(), 2)
  assert.ok(file.access.find(FIRST) && file.access.find(SECOND))
  await writeFile(join(folder.path, 'next'), SECOND)
  await rename(join(folder.path, 'next'), path)
  assert.equal(await file.next(), 1)
  assert.equal(file.access.find(FIRST), undefined)
  assert.deepEqual([...file.learnt], [FIRST, SECOND], 'what the log must not have is known, old keys too')
})

test('a file that is changed from elsewhere is read, as one that Docker mounts alone, and so is one put in its place', async () => {
  await using folder = await tempFolder()
  const path = join(folder.path, 'inside', 'keys')
  // Another name of the same file stands for the one outside: what is written by it happens in no folder but its own.
  const outside = join(folder.path, 'keys')
  await mkdir(join(folder.path, 'inside'))
  await writeFile(outside, `${FIRST}\n`)
  await link(outside, path)
  await using file = await watched(path)
  await appendFile(outside, `${SECOND}\n`)
  assert.equal(await file.next(), 2)
  await writeFile(join(folder.path, 'next'), SECOND)
  await link(join(folder.path, 'next'), join(folder.path, 'inside', 'new'))
  await rename(join(folder.path, 'inside', 'new'), path)
  assert.equal(await file.next(), 1)
  await appendFile(join(folder.path, 'next'), `\n${FIRST}\n${THIRD}\n`)
  assert.equal(await file.next(), 3)
})

test('a file that cannot be used locks nobody out and lets nobody in', async () => {
  await using folder = await tempFolder()
  const path = join(folder.path, 'keys')
  await writeFile(path, FIRST)
  await using file = await watched(path)
  await writeFile(path, `${THIRD}\nshort\n`)
  const fault = await file.next()
  assert.ok(fault instanceof Error)
  assert.match(fault.message, /keys stay as they were/)
  assert.ok(!fault.message.includes(THIRD))
  assert.ok(file.learnt.has(THIRD))
  assert.ok(file.access.find(FIRST))
  assert.equal(file.access.find(THIRD), undefined)
})
