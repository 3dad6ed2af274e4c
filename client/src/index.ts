export type { BulkOptions, BulkResult, JobFilter } from './bulk-actions.ts'
export {
  ApiError,
  DownloadError,
  type Fault,
  JobCancelledError,
  JobFailedError,
  JobNotFoundError,
  JobTimeoutError,
  LongshoreError,
  NetworkError,
  UploadError,
} from './errors.ts'
export type { ChangeNews } from './job-changes.ts'
export {
  type BulkRetryOptions,
  JobClient,
  type JobClientOptions,
  type LogOptions,
  type RetryOptions,
  type StatsOptions,
  type SubmitOptions,
  type TokenOptions,
} from './job-client.ts'
export type { EventOptions } from './job-events.ts'
export type { Processed, ProcessOptions, ProcessProgress } from './process.ts'
export type { JobSchemas, ParametersOf, ProcessorClass, ResultOf, Typing } from './processor-shape.ts'
export type { RetryPolicy } from './retry-policy.ts'
export type { RunOptions, ScheduleOptions, Schedules } from './schedules.ts'
export type {
  Caller,
  CompletedJob,
  Delivery,
  Health,
  Job,
  JobChange,
  JobEvent,
  JobFile,
  JobOptions,
  JobOutput,
  JobPage,
  JobQuery,
  JobStatus,
  LogLine,
  ReadToken,
  Schedule,
  ScheduleDefinition,
  SchedulePage,
  ScheduleQuery,
  Stats,
  SubmitRequest,
  SubmittedJob,
  Worker,
} from './shapes.ts'
export type { CallOptions } from './transport.ts'
export type { UploadBlob, UploadRange, UploadSource, UploadStream } from './upload/source.ts'
export type { UploadOptions, UploadProgress } from './upload/upload-options.ts'
export type { WaitOptions } from './wait.ts'
