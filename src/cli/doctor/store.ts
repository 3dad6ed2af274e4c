import { resolve } from 'node:path'
import type { Config } from '../../config.ts'
import type { FolderExam } from './data-folder.ts'
import { type Finding, findingsOf } from './finding.ts'
import { probeFolder } from './probe-file.ts'
import { checkS3 } from './s3-store.ts'

const { ok, failed } = findingsOf('store')

/** Whether objects can be written, read and removed where the configuration says; `folder` is the state of the data folder. */
export async function checkStore(config: Config, folder: FolderExam['state']): Promise<Finding[]> {
  const { storage } = config
  if (storage.kind === 's3') return checkS3(storage, config)
  if (folder === 'unusable') return []
  const path = resolve(storage.folder)
  if (folder === 'absent') return [ok(`${path}, which the service makes`)]
  const fault = await probeFolder(path)
  if (fault === undefined) return [ok(`${path} can be written to`)]
  if (fault.code === 'ENOENT') return [ok(`${path} does not exist yet; the service makes it`)]
  return [failed(fault.message, fault.todo)]
}
