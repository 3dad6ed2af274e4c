import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { type FileGroup, JobClient, type UploadDirectoryOptions } from '@longshore/client/node'
import { openService } from '../../support/service-here.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { ingestService } from '../ingest-service.ts'
import { rejects } from '../rejects.ts'
import { tinyServer } from '../tiny-server.ts'

/** What is uploaded of a folder with these files; each holds its own path. */
async function uploaded(
  paths: readonly string[],
  options: UploadDirectoryOptions = {},
  links: [string, string][] = [],
) {
  await using folder = await tempFolder()
  const root = join(folder.path, 'root')
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), path)
  }
  for (const [path, target] of links) await symlink(target, join(root, path))
  const service = ingestService()
  await using server = await tinyServer(service.answer)
  await new JobClient({ url: server.url }).uploadDirectory(root, options)
  const files = service.files()
  for (const name of Object.keys(files)) if (paths.includes(name)) assert.equal(files[name], name)
  return Object.keys(files).sort()
}

describe('a folder', () => {
  test('is uploaded with the folders in it, under relative paths, without what is hidden', async () => {
    const paths = ['b.txt', 'a.txt', 'deep/er/c.txt', '.git/config', '.DS_Store']
    assert.deepEqual(await uploaded(paths), ['a.txt', 'b.txt', 'deep/er/c.txt'])
  })

  test('is chosen from by patterns', async () => {
    const paths = ['a.roi', 'x/b.roi', 'x/b.log', 'old/c.roi']
    const options = { include: ['**/*.roi'], exclude: ['old/**'] }
    assert.deepEqual(await uploaded(paths, options), ['a.roi', 'x/b.roi'])
  })

  test('is not left by a link, and no folder is walked twice', async () => {
    const links: [string, string][] = [
      ['inside.txt', 'a.txt'],
      ['outside.txt', '/etc/hostname'],
      ['up.txt', '../root-of-another/secret.txt'],
      ['nowhere.txt', 'gone.txt'],
      ['loop', '.'],
    ]
    assert.deepEqual(await uploaded(['a.txt', 'b/c.txt'], {}, links), ['a.txt', 'b/c.txt', 'inside.txt'])
  })

  test('of which nothing is chosen is an error that says so', async () => {
    await rejects(uploaded(['a.txt'], { include: ['*.roi'] }), {
      name: 'UploadError',
      code: 'NO_FILES',
      message: /1 files are there, none of them is chosen/,
    })
  })

  test('that is not there is named', async () => {
    const uploading = new JobClient({ url: 'http://127.0.0.1:9' }).uploadDirectory('/no/such/folder')
    await rejects(uploading, {
      name: 'UploadError',
      code: 'SOURCE_UNREADABLE',
      message: /^The folder \/no\/such\/folder cannot be read: ENOENT/,
    })
  })

  test('with more files than the service takes is refused in its words', async () => {
    await using folder = await tempFolder()
    for (const name of ['a', 'b', 'c']) await writeFile(join(folder.path, name), name)
    await using service = await openService({ MAX_FILES_PER_INGEST: '2' })
    const uploading = new JobClient({ url: service.api.url }).uploadDirectory(folder.path)
    await rejects(uploading, {
      name: 'UploadError',
      code: 'TOO_MANY_FILES',
      message: /^The request has 3 files \(MAX_FILES_PER_INGEST\); at most 2 may be\.$/,
    })
  })
})

describe('files that share a stem', () => {
  const BINS = ['2024/D1.adc', '2024/D1.hdr', '2024/D1.roi', 'D2.adc', 'D2.roi', 'D2.tar.gz']
  const requiredExtensions = ['.adc', 'hdr', '.roi']

  test('must have every required extension, or the stem and what it lacks are named', async () => {
    await rejects(uploaded(BINS, { requiredExtensions }), {
      code: 'INCOMPLETE_GROUP',
      message: /^Files are missing: "D2" has no \.hdr; "D2\.tar" has no \.adc, \.hdr, \.roi\. Add them/,
    })
  })

  test('are left out together when one is missing, and told', async () => {
    const skipped: FileGroup[] = []
    const onSkipped = (group: FileGroup) => skipped.push(group)
    const names = await uploaded(BINS, { requiredExtensions, skipIncomplete: true, onSkipped })
    assert.deepEqual(names, BINS.slice(0, 3))
    assert.deepEqual(skipped, [
      { stem: 'D2', files: ['D2.adc', 'D2.roi'], missing: ['.hdr'] },
      { stem: 'D2.tar', files: ['D2.tar.gz'], missing: ['.adc', '.hdr', '.roi'] },
    ])
  })

  test('may have extensions with several dots', async () => {
    const paths = ['a.tar.gz', 'a.tar.gz.md5', 'b.c.tar.gz', 'b.c.tar.gz.md5']
    assert.deepEqual(await uploaded(paths, { requiredExtensions: ['.tar.gz', '.tar.gz.md5'] }), paths)
  })
})
