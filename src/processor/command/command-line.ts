import { LongshoreError } from '../../base/errors.ts'
import type { JsonValue } from '../../job/job.ts'
import { UnrecoverableError } from '../verdicts.ts'

/** What stands for the placeholders of a command. */
export interface Places {
  /** Path of each input file, or its URI. */
  inputs: readonly string[]
  workDir: string
  outDir: string
  paramsFile: string
  parameters: JsonValue
}

const PLACEHOLDER = /\{(?:(inputs|workdir|outdir|params)|(input):(\d+)|(param):([^{}]+))\}/g

/** Throws `CONFIG_INVALID` for `{inputs}` within an argument: many files cannot become one. */
export function checkTemplate(template: readonly string[]): void {
  const wrong = template.find((argument) => argument !== '{inputs}' && argument.includes('{inputs}'))
  if (wrong === undefined) return
  const text = `Expected {inputs} to be an argument of its own, as it becomes one for each file, got "${wrong}".`
  throw new LongshoreError('CONFIG_INVALID', text)
}

/**
 * The argument vector of one attempt. What stands for a placeholder is put in as it is and not looked through again; other
 * braces are the program's own. Throws `UnrecoverableError` for a file or parameter that the job does not have.
 */
export function fillIn(template: readonly string[], places: Places): [string, ...string[]] {
  const [program = '', ...rest] = template.flatMap((argument) =>
    argument === '{inputs}' ? places.inputs : fillOne(argument, places),
  )
  return [program, ...rest]
}

function fillOne(argument: string, places: Places): string {
  return argument.replace(
    PLACEHOLDER,
    (_whole, folder?: string, input?: string, index?: string, _p?: string, name = '') => {
      if (input !== undefined) return inputAt(places.inputs, Number(index))
      if (folder === undefined) return parameterOf(places.parameters, name)
      return { workdir: places.workDir, outdir: places.outDir, params: places.paramsFile }[folder] ?? ''
    },
  )
}

function inputAt(inputs: readonly string[], index: number): string {
  const input = inputs[index]
  if (input !== undefined) return input
  throw new UnrecoverableError(`The command names {input:${index}}, but the job has ${inputs.length} input files.`)
}

function parameterOf(parameters: JsonValue, name: string): string {
  const isNamed = typeof parameters === 'object' && parameters !== null && Object.hasOwn(parameters, name)
  const value = isNamed ? (parameters as Record<string, JsonValue>)[name] : undefined
  if (value === undefined || value === null) {
    throw new UnrecoverableError(`The command names {param:${name}}, but the job has no such parameter.`)
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
