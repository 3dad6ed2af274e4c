import type { Config } from '../config.ts'

/** The settings ingests are kept by. */
export type IngestSettings = Pick<Config, 'bucket' | 'datasetsPrefix' | 'partSizeBytes' | 'partUrlTtlMs' | 'limits'>
