export * from './index.ts'
export { fileAt } from './node/file-at.ts'
export { JobClient } from './node/job-client.ts'
