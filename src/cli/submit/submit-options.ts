import type { ServiceOptions } from '../options.ts'

/** One `--param`. */
export type Param = readonly [name: string, value: unknown]

/** The options of `longshore submit`, as commander reads them. */
export interface SubmitOptions extends ServiceOptions {
  readonly manifest?: string
  readonly dir?: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly param?: readonly Param[]
  readonly params?: string
  readonly label?: readonly (readonly [name: string, value: string])[]
  readonly priority?: number
  readonly group?: string
  readonly delay?: number
  readonly maxAttempts?: number
  readonly timeout?: number
  readonly callbackUrl?: string
  readonly cpu?: number
  readonly memory?: number
  readonly scratch?: number
  readonly idempotencyKey?: string
  readonly resume?: string
  readonly wait?: true
  readonly output?: string
  readonly overwrite?: true
}
