import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { DownloadError } from '@longshore/client'
import { type DownloadProgress, JobClient } from '@longshore/client/node'
import { smallDisk } from '../support/small-disk.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { JOB_ID, type Mishap, objectServer, sha256 } from './object-server.ts'

const KEY = `results/${JOB_ID}/a.bin`
const URI = `s3://bucket/${KEY}`
const QUICK = { baseMs: 1, tries: 4 }

/** Every file below a folder with its bytes; fails the test when a temporary one is left. */
async function filesIn(folder: string): Promise<Record<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
  const read = paths.map(async (path) => [path.slice(folder.length + 1), await readFile(path)] as const)
  return Object.fromEntries(await Promise.all(read))
}

/** Puts a file where a download would go. */
async function put(folder: string, path: string, bytes: string | Buffer): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), bytes)
}

function fails(promise: Promise<unknown>, code: string, message = /./): Promise<void> {
  return assert.rejects(promise, (failure) => {
    assert.ok(failure instanceof DownloadError, String(failure))
    assert.equal(failure.code, code, failure.message)
    assert.match(failure.message, message)
    return true
  })
}

describe('downloading outputs', () => {
  test('puts each where its key says, without the prefix, and answers them in order', async () => {
    const objects = {
      [KEY]: randomBytes(300_000),
      [`results/${JOB_ID}/attempt-2/sub/b.txt`]: Buffer.from('b'),
      [`results/${JOB_ID}/empty`]: Buffer.alloc(0),
      [`team/${JOB_ID}/c`]: Buffer.from('c'),
    }
    await using server = await objectServer(objects)
    await using folder = await tempFolder()
    const dir = join(folder.path, 'new', 'folder')
    const items = Object.keys(objects).map(server.outputOf)
    const files = await new JobClient({ url: server.url }).downloadFiles(items, dir)
    const expected = Object.entries(objects).map(([key, bytes]) => [key.replace(/^results\//, ''), bytes] as const)
    assert.deepEqual(await filesIn(dir), Object.fromEntries(expected))
    assert.deepEqual(
      files,
      expected.map(([path, bytes], i) => ({
        uri: items[i]?.uri,
        path: join(dir, path),
        sizeBytes: bytes.length,
        sha256: sha256(bytes),
        skipped: false,
      })),
    )
  })

  test('finds a bare URI by the job that its key names, asking each job once', async () => {
    const objects = { [KEY]: Buffer.from('a'), [`results/${JOB_ID}/b`]: Buffer.from('b') }
    await using server = await objectServer(objects)
    await using folder = await tempFolder()
    const client = new JobClient({ url: server.url })
    await client.downloadFiles([URI, `s3://bucket/results/${JOB_ID}/b`], folder.path)
    assert.equal(server.state.listings, 1)
    assert.deepEqual(Object.keys(await filesIn(folder.path)).sort(), [`${JOB_ID}/a.bin`, `${JOB_ID}/b`])
  })

  test('refuses a URI that is no output: of the job, of no job, or of a job that is not there', async () => {
    await using server = await objectServer({ [KEY]: Buffer.from('a') })
    await using folder = await tempFolder()
    const client = new JobClient({ url: server.url })
    const download = (uri: string) => client.downloadFiles([uri], folder.path)
    await fails(download(`s3://bucket/datasets/${JOB_ID}/in.txt`), 'NOT_AN_OUTPUT', /not among the outputs of job/)
    await fails(download('s3://bucket/results/x'), 'NOT_AN_OUTPUT', /names no job/)
    await fails(download(`s3://bucket/results/${JOB_ID.replace('018f', '118f')}/x`), 'JOB_NOT_FOUND')
    await fails(download('https://example.org/x'), 'INVALID_URI', /expected s3:\/\/bucket\/key/)
    assert.deepEqual(await filesIn(folder.path), {})
  })

  test('never fetches more at once than its bound', async () => {
    const objects = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`results/${JOB_ID}/${i}`, randomBytes(9999)]),
    )
    await using server = await objectServer(objects)
    await using folder = await tempFolder()
    let now = 0
    let most = 0
    const counted: typeof fetch = async (...request) => {
      most = Math.max(most, ++now)
      await new Promise(setImmediate)
      return fetch(...request).finally(() => now--)
    }
    const items = Object.keys(objects).map(server.outputOf)
    await new JobClient({ url: server.url, fetch: counted }).downloadFiles(items, folder.path, { concurrency: 3 })
    assert.equal(most, 3)
    assert.equal(Object.keys(await filesIn(folder.path)).length, 30)
  })

  test('tells progress from nothing to all', async () => {
    await using server = await objectServer({ [KEY]: randomBytes(500_000), [`results/${JOB_ID}/b`]: Buffer.from('b') })
    await using folder = await tempFolder()
    const seen: DownloadProgress[] = []
    const items = [KEY, `results/${JOB_ID}/b`].map(server.outputOf)
    const onProgress = (progress: DownloadProgress) => seen.push(progress)
    await new JobClient({ url: server.url }).downloadFiles(items, folder.path, { onProgress })
    assert.deepEqual(seen[0], { receivedBytes: 0, totalBytes: 500_001, receivedFiles: 0, totalFiles: 2 })
    assert.deepEqual(seen.at(-1), { receivedBytes: 500_001, totalBytes: 500_001, receivedFiles: 2, totalFiles: 2 })
    assert.ok(seen.every(({ receivedBytes }, i) => receivedBytes >= (seen[i - 1]?.receivedBytes ?? 0)))
  })
})

describe('a connection', () => {
  test('that breaks is resumed where it broke, and only the rest is sent again', async () => {
    const bytes = randomBytes(400_000)
    const cuts: Mishap[] = [{ cutAfterBytes: 100_000 }, { cutAfterBytes: 0 }, { cutAfterBytes: 150_000 }]
    await using server = await objectServer({ [KEY]: bytes }, () => cuts.shift())
    await using folder = await tempFolder()
    await new JobClient({ url: server.url, retry: QUICK }).downloadFiles([server.outputOf(KEY)], folder.path)
    assert.deepEqual(await filesIn(folder.path), { [`${JOB_ID}/a.bin`]: bytes })
    const starts = server.requests.map(({ headers }) => Number(headers.range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0))
    assert.equal(starts.length, 4)
    // What was sent last before a cut need not have arrived.
    const ends = [100_000, 100_000, 250_000]
    for (const [i, end] of ends.entries()) {
      const [from = 0, next = 0] = [starts[i], starts[i + 1]]
      assert.ok(next >= from && next <= end, `${starts}`)
    }
    assert.ok((starts[1] ?? 0) > 0 && (starts[3] ?? 0) > (starts[2] ?? 0), `${starts}`)
    assert.ok(server.requests.slice(1).every(({ headers }) => /^"\w{8}"$/.test(String(headers['if-range']))))
  })

  test('may break as often as it likes while bytes arrive in between', async () => {
    const bytes = randomBytes(20_000)
    await using server = await objectServer({ [KEY]: bytes }, () => ({ cutAfterBytes: 1000 }))
    await using folder = await tempFolder()
    await new JobClient({ url: server.url, retry: QUICK }).downloadFiles([server.outputOf(KEY)], folder.path)
    assert.deepEqual(await filesIn(folder.path), { [`${JOB_ID}/a.bin`]: bytes })
    assert.ok(server.requests.length >= 20)
  })

  test('that brings nothing for a while is given up and resumed', async () => {
    const bytes = randomBytes(200_000)
    const stalls: Mishap[] = [{ stallAfterBytes: 70_000 }]
    await using server = await objectServer({ [KEY]: bytes }, () => stalls.shift())
    await using folder = await tempFolder()
    const client = new JobClient({ url: server.url, retry: { ...QUICK, tryMs: 200 } })
    await client.downloadFiles([server.outputOf(KEY)], folder.path)
    assert.deepEqual(await filesIn(folder.path), { [`${JOB_ID}/a.bin`]: bytes })
    assert.deepEqual(
      server.requests.map(({ headers }) => headers.range),
      [undefined, 'bytes=70000-'],
    )
  })

  test('that never brings anything ends the download after a few tries, and leaves nothing', async () => {
    await using server = await objectServer({ [KEY]: randomBytes(1000) }, () => ({ cutAfterBytes: 0 }))
    await using folder = await tempFolder()
    const client = new JobClient({ url: server.url, retry: QUICK })
    const download = client.downloadFiles([server.outputOf(KEY)], folder.path)
    await fails(download, 'UNREACHABLE', /cannot be downloaded: http/)
    assert.equal(server.requests.length, QUICK.tries)
    assert.deepEqual(await filesIn(folder.path), {})
  })
})

describe('an object that changes while it is fetched', () => {
  for (const how of [{}, { ignoreIfRange: true }, { ignoreRange: true }]) {
    test(`is read anew, from a store that answers ${JSON.stringify(how)}`, async () => {
      const [before, after] = [randomBytes(5000), randomBytes(5000)]
      await using server = await objectServer({ [KEY]: before }, ({ tries }) =>
        tries === 0 ? { cutAfterBytes: 3000 } : { replaceBy: after, ...how },
      )
      await using folder = await tempFolder()
      const output = { ...server.outputOf(KEY), sha256: sha256(after) }
      const seen: number[] = []
      await new JobClient({ url: server.url, retry: QUICK }).downloadFiles([output], folder.path, {
        onProgress: ({ receivedBytes }) => seen.push(receivedBytes),
      })
      assert.deepEqual(await filesIn(folder.path), { [`${JOB_ID}/a.bin`]: after })
      assert.equal(seen.at(-1), 5000)
    })
  }
})

describe('a URL that has expired', () => {
  for (const [what, isListed] of [
    ['an output', false],
    ['a URI, so that the job has been asked before', true],
  ] as const) {
    test(`of ${what} is renewed by asking the job, once for all files, and the download goes on where it was`, async () => {
      const stale = isListed ? 1 : 0
      const keys = Array.from({ length: 5 }, (_, i) => `results/${JOB_ID}/${i}`)
      const objects = Object.fromEntries(keys.map((key) => [key, randomBytes(50_000)]))
      await using server = await objectServer(objects, ({ generation, tries }) => {
        if (generation === stale) return tries === 0 ? { cutAfterBytes: 20_000 } : { status: 403 }
        return undefined
      })
      await using folder = await tempFolder()
      const client = new JobClient({ url: server.url, retry: QUICK })
      const items = keys.map((key) => (isListed ? `s3://bucket/${key}` : server.outputOf(key)))
      await client.downloadFiles(items, folder.path)
      assert.equal(Object.keys(await filesIn(folder.path)).length, 5)
      assert.equal(server.state.listings, stale + 1)
      const renewed = server.requests.filter(({ generation }) => generation === stale + 1)
      assert.deepEqual(new Set(renewed.map(({ headers }) => headers.range)), new Set(['bytes=20000-']))
    })
  }

  test('is the end when a fresh one is refused too', async () => {
    await using server = await objectServer({ [KEY]: Buffer.from('a') }, () => ({ status: 403 }))
    await using folder = await tempFolder()
    const download = new JobClient({ url: server.url }).downloadFiles([server.outputOf(KEY)], folder.path)
    await fails(download, 'HTTP_403')
    assert.equal(server.requests.length, 2)
  })
})

describe('bytes that are not those announced', () => {
  test('are not kept: too many, or of another digest', async () => {
    await using server = await objectServer({ [KEY]: Buffer.from('other bytes') })
    await using folder = await tempFolder()
    const client = new JobClient({ url: server.url })
    const output = server.outputOf(KEY)
    const download = (facts: object) => client.downloadFiles([{ ...output, ...facts }], folder.path)
    await fails(download({ sha256: sha256(Buffer.from('these bytes')) }), 'DIGEST_MISMATCH', /instead of/)
    await fails(download({ size_bytes: 5 }), 'SIZE_MISMATCH', /longer than the 5 bytes/)
    assert.deepEqual(await filesIn(folder.path), {})
  })
})

describe('a file that is there already', () => {
  test('counts as downloaded when it has the same bytes, and is not fetched', async () => {
    await using server = await objectServer({ [KEY]: Buffer.from('same') })
    await using folder = await tempFolder()
    await put(folder.path, `${JOB_ID}/a.bin`, 'same')
    const seen: DownloadProgress[] = []
    const [file] = await new JobClient({ url: server.url }).downloadFiles([server.outputOf(KEY)], folder.path, {
      onProgress: (progress) => seen.push(progress),
    })
    assert.equal(file?.skipped, true)
    assert.equal(server.requests.length, 0)
    assert.deepEqual(seen.at(-1), { receivedBytes: 4, totalBytes: 4, receivedFiles: 1, totalFiles: 1 })
  })

  for (const [what, bytes] of [
    ['size', 'longer'],
    ['bytes', 'diff'],
  ] as const) {
    test(`with another ${what} is left alone, before anything is fetched`, async () => {
      const other = `results/${JOB_ID}/0`
      await using server = await objectServer({ [KEY]: Buffer.from('same'), [other]: Buffer.from('x') })
      await using folder = await tempFolder()
      await put(folder.path, `${JOB_ID}/a.bin`, bytes)
      const client = new JobClient({ url: server.url })
      const download = client.downloadFiles([other, KEY].map(server.outputOf), folder.path)
      await fails(download, 'FILE_EXISTS', /a\.bin; remove it, or allow to overwrite/)
      assert.deepEqual(await filesIn(folder.path), { [`${JOB_ID}/a.bin`]: Buffer.from(bytes) })
      assert.equal(server.requests.length, 0)
    })
  }

  test('is replaced with overwrite, and only once the new one is whole', async () => {
    const bytes = randomBytes(1000)
    let cut = true
    await using server = await objectServer({ [KEY]: bytes }, () => (cut ? { cutAfterBytes: 10 } : undefined))
    await using folder = await tempFolder()
    await put(folder.path, `${JOB_ID}/a.bin`, 'old')
    const client = new JobClient({ url: server.url, retry: { tries: 1 } })
    const download = () => client.downloadFiles([server.outputOf(KEY)], folder.path, { overwrite: true })
    await fails(download(), 'UNREACHABLE')
    assert.deepEqual(await filesIn(folder.path), { [`${JOB_ID}/a.bin`]: Buffer.from('old') })
    cut = false
    assert.equal((await download())[0]?.skipped, false)
    assert.deepEqual(await filesIn(folder.path), { [`${JOB_ID}/a.bin`]: bytes })
  })

  test('is left alone when it appears while the object is fetched', async () => {
    await using folder = await tempFolder()
    const arriving = Promise.withResolvers<void>()
    await using server = await objectServer({ [KEY]: randomBytes(1000) }, ({ tries }) => {
      if (tries === 0) put(folder.path, `${JOB_ID}/a.bin`, 'mine').then(arriving.resolve, arriving.reject)
      return tries === 0 ? { cutAfterBytes: 10 } : undefined
    })
    const client = new JobClient({
      url: server.url,
      retry: QUICK,
      fetch: async (...request) => {
        if (server.requests.length > 0) await arriving.promise
        return fetch(...request)
      },
    })
    await fails(client.downloadFiles([server.outputOf(KEY)], folder.path), 'FILE_EXISTS', /has just appeared/)
    assert.deepEqual(await filesIn(folder.path), { [`${JOB_ID}/a.bin`]: Buffer.from('mine') })
  })

  test('is no file but a folder: nothing is fetched, with overwrite neither', async () => {
    await using server = await objectServer({ [KEY]: Buffer.from('a') })
    await using folder = await tempFolder()
    await mkdir(join(folder.path, JOB_ID, 'a.bin'), { recursive: true })
    const client = new JobClient({ url: server.url })
    for (const overwrite of [false, true]) {
      await fails(client.downloadFiles([server.outputOf(KEY)], folder.path, { overwrite }), 'FILE_EXISTS', /a folder/)
    }
    assert.equal(server.requests.length, 0)
  })
})

describe('what a stranger wrote into a folder', () => {
  test('leads nowhere: a link in the place of a folder is refused before anything is fetched', async () => {
    await using server = await objectServer({ [KEY]: Buffer.from('a') })
    await using folder = await tempFolder()
    const [dir, outside] = [join(folder.path, 'dir'), join(folder.path, 'outside')]
    await mkdir(dir)
    await mkdir(outside)
    await symlink(outside, join(dir, JOB_ID))
    const client = new JobClient({ url: server.url })
    for (const overwrite of [false, true]) {
      const download = client.downloadFiles([server.outputOf(KEY)], dir, { overwrite })
      await fails(download, 'CANNOT_WRITE', /is a link, not a folder/)
    }
    assert.deepEqual(await readdir(outside), [])
    assert.equal(server.requests.length, 0)
  })

  test('leads nowhere: a link in the place of a file is replaced, not written through', async () => {
    await using server = await objectServer({ [KEY]: Buffer.from('new') })
    await using folder = await tempFolder()
    const dir = join(folder.path, 'dir')
    await put(folder.path, 'victim', 'old')
    await mkdir(join(dir, JOB_ID), { recursive: true })
    await symlink(join(folder.path, 'victim'), join(dir, JOB_ID, 'a.bin'))
    const client = new JobClient({ url: server.url })
    await fails(client.downloadFiles([server.outputOf(KEY)], dir), 'FILE_EXISTS', /no file/)
    await client.downloadFiles([server.outputOf(KEY)], dir, { overwrite: true })
    assert.equal(await readFile(join(folder.path, 'victim'), 'utf8'), 'old')
    assert.equal(await readFile(join(dir, JOB_ID, 'a.bin'), 'utf8'), 'new')
  })

  test('does not keep a folder from being named by a link', async () => {
    await using server = await objectServer({ [KEY]: Buffer.from('a') })
    await using folder = await tempFolder()
    await mkdir(join(folder.path, 'real'))
    await symlink(join(folder.path, 'real'), join(folder.path, 'dir'))
    await new JobClient({ url: server.url }).downloadFiles([URI], join(folder.path, 'dir'))
    assert.equal(await readFile(join(folder.path, 'real', JOB_ID, 'a.bin'), 'utf8'), 'a')
  })
})

describe('a download that ends early', () => {
  test('by its signal rejects with the reason, and leaves no temporary file', async () => {
    const stop = new AbortController()
    await using server = await objectServer({ [KEY]: randomBytes(9000) }, () => {
      setImmediate(() => stop.abort(new Error('gone home')))
      return { stallAfterBytes: 5000 }
    })
    await using folder = await tempFolder()
    const client = new JobClient({ url: server.url })
    const download = client.downloadFiles([server.outputOf(KEY)], folder.path, { signal: stop.signal })
    await assert.rejects(download, /gone home/)
    assert.deepEqual(await filesIn(folder.path), {})
    await assert.rejects(client.downloadFiles([URI], folder.path, { signal: stop.signal }), /gone home/)
  })

  test('by its time limit rejects with TIMED_OUT, and leaves no temporary file', async () => {
    await using server = await objectServer({ [KEY]: randomBytes(9000) }, () => ({ stallAfterBytes: 5000 }))
    await using folder = await tempFolder()
    const client = new JobClient({ url: server.url })
    const download = client.downloadFiles([server.outputOf(KEY)], folder.path, { timeoutMs: 50 })
    await assert.rejects(download, { name: 'NetworkError', code: 'TIMED_OUT' })
    assert.deepEqual(await filesIn(folder.path), {})
  })

  test('by a missing object stops the others, and keeps those that are finished', async () => {
    const keys = ['a', 'b', 'c'].map((name) => `results/${JOB_ID}/${name}`)
    const objects = Object.fromEntries(keys.map((key) => [key, randomBytes(100)]))
    await using server = await objectServer(objects, ({ key }) => (key.endsWith('b') ? { status: 404 } : undefined))
    await using folder = await tempFolder()
    const client = new JobClient({ url: server.url })
    await fails(client.downloadFiles(keys.map(server.outputOf), folder.path, { concurrency: 1 }), 'HTTP_404')
    assert.deepEqual(Object.keys(await filesIn(folder.path)), [`${JOB_ID}/a`])
    assert.equal(server.requests.length, 2)
  })

  test('by a full disk says so, and gives the space back', async () => {
    await using server = await objectServer({ [KEY]: randomBytes(3 * 1024 * 1024) })
    await using disk = await smallDisk(2)
    const client = new JobClient({ url: server.url })
    const download = client.downloadFiles([server.outputOf(KEY)], disk.path)
    await fails(download, 'DISK_FULL', /cannot be written to .*a\.bin: the disk is full/)
    assert.deepEqual(await filesIn(disk.path), {})
    assert.deepEqual(await readdir(join(disk.path, JOB_ID)), [])
  })

  test('by what its listener throws rejects with that, and leaves no temporary file', async () => {
    await using server = await objectServer({ [KEY]: randomBytes(9000) })
    await using folder = await tempFolder()
    const onProgress = ({ receivedFiles, receivedBytes }: DownloadProgress): void => {
      if (receivedFiles > 0 || receivedBytes > 0) throw new Error('a mistake of the listener')
    }
    const client = new JobClient({ url: server.url })
    const download = client.downloadFiles([server.outputOf(KEY)], folder.path, { onProgress })
    await assert.rejects(download, /^Error: a mistake of the listener$/)
    assert.equal(server.requests.length, 1)
  })

  test('before it begins, when its bound is none', async () => {
    await using server = await objectServer({ [KEY]: randomBytes(10) })
    await using folder = await tempFolder()
    for (const concurrency of [0, -1, 0.5, Number.NaN]) {
      const download = new JobClient({ url: server.url }).downloadFiles([URI], folder.path, { concurrency })
      await assert.rejects(download, /^TypeError: Expected concurrency to be an integer from 1, got /)
    }
    assert.deepEqual(await readdir(folder.path), [])
  })

  test('by a folder that cannot be made says why', async () => {
    await using server = await objectServer({ [KEY]: Buffer.from('a') })
    await using folder = await tempFolder()
    await put(folder.path, 'file', 'not a folder')
    const client = new JobClient({ url: server.url })
    await fails(client.downloadFiles([URI], join(folder.path, 'file')), 'CANNOT_WRITE', /EEXIST|ENOTDIR/)
    await put(folder.path, `dir/${JOB_ID}`, 'not a folder')
    await fails(client.downloadFiles([URI], join(folder.path, 'dir')), 'CANNOT_WRITE', /is a file, not a folder/)
  })
})

test('a file in its place is readable as files of this user are, and is not the temporary one', async () => {
  await using server = await objectServer({ [KEY]: Buffer.from('a') })
  await using folder = await tempFolder()
  await new JobClient({ url: server.url }).downloadFiles([URI], folder.path)
  const { mode, nlink } = await stat(join(folder.path, JOB_ID, 'a.bin'))
  assert.equal(mode & 0o777, 0o666 & ~process.umask())
  assert.equal(nlink, 1)
})
