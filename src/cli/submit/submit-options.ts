import type { ServiceOptions } from '../options.ts'

/** One `--param`. */
export type Param = readonly [name: string, value: unknown]

/** What the command line says of a job, by whatever way it is submitted, as commander reads it. */
export interface JobWishes {
  readonly param?: readonly Param[]
  readonly params?: string
  readonly label?: readonly (readonly [name: string, value: string])[]
  readonly priority?: number
  readonly group?: string
  readonly maxAttempts?: number
  readonly timeout?: number
  readonly callbackUrl?: string
  readonly cpu?: number
  readonly memory?: number
  readonly scratch?: number
}

/** The options of `longshore submit`. */
export interface SubmitOptions extends ServiceOptions, JobWishes {
  readonly manifest?: string
  readonly dir?: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly delay?: number
  readonly idempotencyKey?: string
  readonly resume?: string
  readonly wait?: true
  readonly output?: string
  readonly overwrite?: true
}
