import { JobClient as UniversalClient } from '../job-client.ts'
import type { LastArgument, Typing } from '../processor-shape.ts'
import type { JobOutput } from '../shapes.ts'
import type { UploadSource } from '../upload/source.ts'
import type { UploadOptions } from '../upload/upload-options.ts'
import { type DownloadedFile, type DownloadOptions, downloadFiles } from './download-files.ts'
import { fileAt } from './file-at.ts'
import { nodeDigests } from './node-digests.ts'
import { type DownloadedResult, type ProcessToDiskOptions, processToDisk } from './process-to-disk.ts'
import { findFiles, type UploadDirectoryOptions } from './upload-directory.ts'

/** The client with what needs a file system. */
export class JobClient<T extends Typing = Typing> extends UniversalClient<T> {
  protected override readonly digests = nodeDigests

  /** As in every place, and from disk: a string is the path of a file, which keeps its base name. */
  override async uploadFiles(
    files: readonly (string | UploadSource)[],
    ...[options]: LastArgument<T, UploadOptions<T>>
  ): Promise<string> {
    return this.upload(await sourcesOf(files), options)
  }

  /**
   * Uploads the files of a folder and of the folders in it; each is named by its path from there, with `/`. Throws
   * `NO_FILES` and `INCOMPLETE_GROUP`, and what `uploadFiles` throws.
   */
  async uploadDirectory(folder: string, ...[options]: LastArgument<T, UploadDirectoryOptions<T>>): Promise<string> {
    return this.upload(await findFiles(folder, options ?? {}), options)
  }

  /**
   * Downloads outputs, given as `outputs` answers them or by their URIs, into a folder: `s3://bucket/results/<job id>/name`
   * goes to `<dir>/<job id>/name`. A file takes its name only when all its bytes are there and have the announced SHA-256; one
   * that is there already is not fetched again. Nothing is ever written outside of `dir`.
   *
   * Rejects with a `DownloadError`, at the first object that cannot be downloaded; those that are finished stay.
   */
  downloadFiles(
    items: readonly (string | JobOutput)[],
    dir: string,
    options: DownloadOptions = {},
  ): Promise<DownloadedFile[]> {
    const listOutputs = this.outputs.bind(this)
    return downloadFiles({ transport: this.transport, listOutputs }, items, dir, options)
  }

  /** As in every place, and from disk to disk: a string is the path of a file, and `outputDir` gets the outputs. */
  override process(
    files: readonly (string | UploadSource)[],
    ...[options]: LastArgument<T, ProcessToDiskOptions<T>>
  ): Promise<DownloadedResult<T>> {
    const steps = {
      ...this.steps(),
      uploadFiles: async (sources: typeof files, how: UploadOptions<T>) => this.upload(await sourcesOf(sources), how),
      downloadFiles: this.downloadFiles.bind(this),
    }
    return processToDisk(steps, files, options ?? {})
  }
}

/** Strings are paths. */
function sourcesOf(files: readonly (string | UploadSource)[]): Promise<UploadSource[]> {
  return Promise.all(files.map((file) => (typeof file === 'string' ? fileAt(file) : file)))
}
