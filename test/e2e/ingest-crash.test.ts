import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { Api } from '../support/api.ts'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

const FILES = Array.from({ length: 200 }, (_, i) => ({ filename: `f${i}`, size_bytes: 1 }))

/** The ids of the ingests that uploads in the local store belong to, by the keys in their journals. */
function uploadsOn(dataDir: string): Map<string, number> {
  const folder = join(dataDir, 'objects/.uploads')
  const counts = new Map<string, number>()
  for (const id of existsSync(folder) ? readdirSync(folder) : []) {
    const [, jobId = ''] = /"datasets\/([^/"]+)\//.exec(readFileSync(join(folder, id, 'journal'), 'utf8')) ?? []
    counts.set(jobId, (counts.get(jobId) ?? 0) + 1)
  }
  return counts
}

/** The ids of the ingests there are, with how many files each has. */
function ingestsIn(dataDir: string): Map<string, number> {
  const db = new DatabaseSync(join(dataDir, 'longshore.db'), { readOnly: true })
  const rows = db
    .prepare('SELECT job_id, (SELECT count(*) FROM ingest_files WHERE ingest = num) AS files FROM ingests')
    .all()
  db.close()
  return new Map(rows.map((row) => [String(row.job_id), Number(row.files)]))
}

test('killed while ingests are opened, the service keeps no upload that no ingest knows of', async () => {
  await using folder = await tempFolder()
  const settings = { DATA_DIR: folder.path }
  let cutOff = 0
  for (const ready of [1, 100, 300, 500]) {
    const service = await startService(settings)
    const known = totalOf(uploadsOn(folder.path))
    const starts = [1, 2, 3, 4].map(() => new Api(service.url).post('/ingest/start', { files: FILES }).catch(() => {}))
    while (totalOf(uploadsOn(folder.path)) < known + ready) await fetch(`${service.url}/healthz`)
    await service.kill('SIGKILL')
    await Promise.all(starts)
    if ([...ingestsIn(folder.path).values()].includes(0)) cutOff += 1
  }
  assert.ok(cutOff > 0, 'no kill came while uploads were opened')
  await (await startService(settings)).kill('SIGKILL')
  assert.deepEqual(uploadsOn(folder.path), ingestsIn(folder.path))
})

function totalOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}
