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
export {
  JobClient,
  type JobClientOptions,
  type LogOptions,
  type RetryOptions,
  type SubmitOptions,
  type TokenOptions,
} from './job-client.ts'
export type { EventOptions } from './job-events.ts'
export type { Processed, ProcessOptions, ProcessProgress } from './process.ts'
export type { JobSchemas, ParametersOf, ProcessorClass, ResultOf, Typing } from './processor-shape.ts'
export type { RetryPolicy } from './retry-policy.ts'
export type {
  Caller,
  CompletedJob,
  Delivery,
  Health,
  Job,
  JobEvent,
  JobFile,
  JobOptions,
  JobOutput,
  JobPage,
  JobQuery,
  JobStatus,
  LogLine,
  ReadToken,
  SubmitRequest,
  SubmittedJob,
} from './shapes.ts'
export type { CallOptions } from './transport.ts'
export type { UploadBlob, UploadRange, UploadSource, UploadStream } from './upload/source.ts'
export type { UploadOptions, UploadProgress } from './upload/upload-options.ts'
export type { WaitOptions } from './wait.ts'
