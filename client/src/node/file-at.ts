import { openAsBlob } from 'node:fs'
import { basename } from 'node:path'
import type { UploadFile } from '../upload.ts'

/** A file on disk to upload; it is read piece by piece while it is sent, and must not change meanwhile. */
export async function fileAt(path: string, name = basename(path)): Promise<UploadFile> {
  return { name, data: await openAsBlob(path) }
}
