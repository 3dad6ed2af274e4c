import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ObjectTree } from '../../src/storage/object-tree.ts'
import { tempFolder } from '../support/temp-folder.ts'

async function openTree() {
  const folder = await tempFolder()
  const tree = new ObjectTree(join(folder.path, 'objects'))
  let count = 0
  const put = async (key: string): Promise<void> => {
    count += 1
    const file = join(folder.path, `temp-${count}`)
    await writeFile(file, key)
    await tree.place(file, { bucket: 'bucket', key })
  }
  const files = () => readdir(join(folder.path, 'objects/bucket'), { recursive: true })
  return { tree, put, files, path: folder.path, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] }
}

test('a delete never takes the folder that a put at the same time has just made', async () => {
  await using opened = await openTree()
  for (let round = 0; round < 60; round += 1) {
    await opened.put('a/b/c/old')
    const file = join(opened.path, 'young')
    await writeFile(file, 'young')
    const young = { bucket: 'bucket', key: 'a/b/c/young' }
    await Promise.all([opened.tree.remove([{ bucket: 'bucket', key: 'a/b/c/old' }]), opened.tree.place(file, young)])
    assert.ok(await opened.tree.stat(young))
    await opened.tree.remove([young])
  }
  assert.deepEqual(await opened.files(), [])
})

test('an object is put though another process removes the folders that it empties', async () => {
  await using opened = await openTree()
  const other = new ObjectTree(opened.tree.root)
  for (let round = 0; round < 60; round += 1) {
    await opened.put('a/b/c/old')
    const file = join(opened.path, 'young')
    await writeFile(file, 'young')
    const young = { bucket: 'bucket', key: 'a/b/c/young' }
    await Promise.all([other.remove([{ bucket: 'bucket', key: 'a/b/c/old' }]), opened.tree.place(file, young)])
    assert.ok(await opened.tree.stat(young))
    await opened.tree.remove([young])
  }
})

test('an object is one file, before, while and after a folder has its name', async () => {
  await using opened = await openTree()
  await opened.put('a')
  assert.deepEqual(await opened.files(), ['a'])
  await opened.put('a/b')
  assert.deepEqual((await opened.files()).sort(), ['a', 'a%', 'a/b'])
  await opened.tree.remove([{ bucket: 'bucket', key: 'a/b' }])
  await opened.put('a')
  assert.deepEqual(await opened.files(), ['a%'])
  await opened.tree.remove([{ bucket: 'bucket', key: 'a' }])
  await opened.put('a')
  assert.deepEqual(await opened.files(), ['a'])
})
