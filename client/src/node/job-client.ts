import { JobClient as UniversalClient } from '../job-client.ts'
import type { Typing } from '../processor-shape.ts'
import type { UploadSource } from '../upload/source.ts'
import type { UploadOptions } from '../upload/upload-options.ts'
import { fileAt } from './file-at.ts'
import { nodeDigests } from './node-digests.ts'
import { findFiles, type UploadDirectoryOptions } from './upload-directory.ts'

/** The client with what needs a file system. */
export class JobClient<T extends Typing = Typing> extends UniversalClient<T> {
  protected override readonly digests = nodeDigests

  /** As in every place, and from disk: a string is the path of a file, which keeps its base name. */
  override async uploadFiles(files: readonly (string | UploadSource)[], options?: UploadOptions<T>): Promise<string> {
    const sources = await Promise.all(files.map((file) => (typeof file === 'string' ? fileAt(file) : file)))
    return super.uploadFiles(sources, options)
  }

  /**
   * Uploads the files of a folder and of the folders in it; each is named by its path from there, with `/`. Throws
   * `NO_FILES` and `INCOMPLETE_GROUP`, and what `uploadFiles` throws.
   */
  async uploadDirectory(folder: string, options: UploadDirectoryOptions<T> = {}): Promise<string> {
    return this.uploadFiles(await findFiles(folder, options), options)
  }
}
