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

/** What a {@link JobClient} can be typed by: `typeof MyProcessor`, or a pair of schemas. */
export type Typing = ProcessorClass | JobSchemas

type SchemasOf<T> = T extends abstract new (
  ...args: never[]
) => infer Processor
  ? { result: Field<Processor, 'resultSchema'>; parameters: Field<Processor, 'parametersSchema'> }
  : { result: Field<T, 'result'>; parameters: Field<T, 'parameters'> }

type Field<From, Name extends string> = From extends { readonly [Key in Name]?: infer Value }
  ? NonNullable<Value>
  : unknown

/** What a job may be given as `parameters`; any JSON where nothing is said. */
export type ParametersOf<T> = SchemasOf<T>['parameters'] extends z.ZodType<infer _Out, infer In> ? Given<In> : Json

/** What a completed job's `result` is; any JSON where nothing is said. */
export type ResultOf<T> = SchemasOf<T>['result'] extends z.ZodType<infer Out> ? Given<Out> : Json

/** A schema that says nothing leaves any JSON. */
type Given<Value> = unknown extends Value ? Json : Value
