import type { z } from 'zod'
import type { Json } from '../../src/contract/job.ts'

/** The schemas of a processor, where its class is not at hand. */
export interface JobSchemas {
  readonly parameters?: z.ZodType
  readonly result?: z.ZodType
}

/** What every processor class looks like from outside. */
export type ProcessorClass = abstract new (
  ...args: never[]
) => { readonly resultSchema: z.ZodType; readonly parametersSchema?: z.ZodType }

/** What a client can be typed by: `typeof MyProcessor`, or a pair of schemas. */
export type Typing = ProcessorClass | JobSchemas

type SchemasOf<T> = T extends abstract new (
  ...args: never[]
) => infer Processor
  ? { result: Field<Processor, 'resultSchema'>; parameters: Field<Processor, 'parametersSchema'> }
  : { result: Field<T, 'result'>; parameters: Field<T, 'parameters'> }

type Field<From, Name extends string> = From extends { readonly [Key in Name]?: infer Value }
  ? NonNullable<Value>
  : unknown

/** What a job may be given as `parameters`, as JSON carries it; any JSON where nothing is said. */
export type ParametersOf<T> = SchemasOf<T>['parameters'] extends z.ZodType<infer _Out, infer In> ? JsonOf<In> : Json

/** What a completed job's `result` is, as JSON carries it; any JSON where nothing is said. */
export type ResultOf<T> = SchemasOf<T>['result'] extends z.ZodType<infer Out> ? JsonOf<Out> : Json

/** What is left of a value on its way as JSON: a `Date` arrives as a string, a function not at all. */
type JsonOf<Value> = unknown extends Value
  ? Json
  : Value extends { toJSON(...args: never[]): infer Written }
    ? JsonOf<Written>
    : Value extends string | number | boolean | null | undefined
      ? Value
      : Value extends bigint | symbol | ((...args: never[]) => unknown)
        ? never
        : { [Key in keyof Value]: JsonOf<Value[Key]> }

/** What takes parameters, with these required when the processor does not make do with `{}`, which none at all count as. */
export type WithParameters<T extends Typing, Options extends { readonly parameters?: ParametersOf<T> }> =
  Record<never, never> extends ParametersOf<T> ? Options : Options & { readonly parameters: ParametersOf<T> }

/** Options as the last argument, which may only be left out when the processor needs no parameters. */
export type LastArgument<T extends Typing, Options> =
  Record<never, never> extends ParametersOf<T>
    ? [options?: Options]
    : [options: Options & ({ readonly parameters: ParametersOf<T> } | Resuming<Options>)]

/** What is resumed has its parameters already. */
type Resuming<Options> = 'resume' extends keyof Options ? { readonly resume: string } : never
