export * from './index.ts'
export type { DownloadedFile, DownloadOptions } from './node/download-files.ts'
export type { DownloadProgress } from './node/download-tally.ts'
export { fileAt } from './node/file-at.ts'
export type { FileGroup } from './node/file-groups.ts'
export { JobClient } from './node/job-client.ts'
export type {
  DownloadedResult,
  ProcessToDiskOptions,
  ProcessToDiskProgress,
} from './node/process-to-disk.ts'
export type { UploadDirectoryOptions } from './node/upload-directory.ts'
