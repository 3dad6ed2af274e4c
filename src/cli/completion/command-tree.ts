import type { Argument, Command, Option } from 'commander'

/** What may stand where a value is expected: one of a few words, what the service has, or, where nothing is said, a file. */
export type Values =
  | { readonly kind: 'choices'; readonly words: readonly string[] }
  | { readonly kind: 'jobs' | 'schedules' }
  | { readonly kind: 'files' }

/** One option. */
export interface OptionNode {
  /** As it is typed: `--quiet`, and `-q` if there is a short form. */
  readonly names: readonly string[]
  readonly description: string
  /** What it takes; undefined for a flag. */
  readonly values: Values | undefined
}

/** One command as a shell needs to know it. */
export interface CommandNode {
  /** The words that lead to it after `longshore`; empty for that itself. */
  readonly path: readonly string[]
  readonly name: string
  readonly description: string
  readonly options: readonly OptionNode[]
  /** What its arguments take; undefined when it has none. */
  readonly values: Values | undefined
  readonly commands: readonly CommandNode[]
}

/** Reads a program, with the help it adds by itself and without what it hides. */
export function commandTree(command: Command, path: readonly string[] = []): CommandNode {
  const help = command.createHelp()
  const [argument] = command.registeredArguments
  return {
    path,
    name: command.name(),
    description: firstLine(command.description()),
    options: help.visibleOptions(command).map(optionNode),
    values: argument && valuesOf(argument.argChoices, argument),
    commands: help.visibleCommands(command).map((each) => commandTree(each, [...path, each.name()])),
  }
}

/** A command with all below it. */
export function allCommands(node: CommandNode): CommandNode[] {
  return [node, ...node.commands.flatMap(allCommands)]
}

function optionNode(option: Option): OptionNode {
  const takesValue = option.required || option.optional
  return {
    names: [option.long, option.short].filter((name) => name !== undefined && name !== null),
    description: firstLine(option.description),
    values: takesValue ? valuesOf(option.argChoices) : undefined,
  }
}

/** What arguments of these names take. */
const KINDS: Readonly<Record<string, 'jobs' | 'schedules'>> = { id: 'jobs', schedule: 'schedules' }

function valuesOf(choices: readonly string[] | undefined, argument?: Argument): Values {
  if (choices !== undefined) return { kind: 'choices', words: choices }
  return { kind: KINDS[argument?.name() ?? ''] ?? 'files' }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
