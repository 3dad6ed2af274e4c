import { allCommands, type CommandNode, type OptionNode, type Values } from './command-tree.ts'

/** The completion of a program for zsh: a function for every command, and the file `_longshore` of a folder in `fpath`. */
export function zshCompletion(root: CommandNode): string {
  return `#compdef ${root.name}
# zsh completion of ${root.name}; \`${root.name} completion --help\` says where it goes.

${(['jobs', 'schedules'] as const).map((kind) => listFunction(kind, root.name)).join('\n\n')}

${allCommands(root)
  .map((node) => commandFunction(node, root.name))
  .join('\n\n')}

# Autoloaded from fpath, this file is the function itself; sourced, it only registers it.
if [ "$funcstack[1]" = "_${root.name}" ]; then _${root.name} "$@"; else compdef _${root.name} ${root.name}; fi
`
}

/** Offers what the service has. */
function listFunction(kind: 'jobs' | 'schedules', program: string): string {
  return `_${program}__${kind}() {
  local -a found
  found=(\${(f)"$(${program} completion-${kind} 2>/dev/null | tr '\\t' ':')"})
  _describe '${kind}' found
}`
}

function commandFunction(node: CommandNode, program: string): string {
  const name = functionOf(node.path, program)
  const options = node.options.map(optionSpec)
  if (node.commands.length === 0) {
    const specs = [...options, ...(node.values ? [`'*: :${action(node.values, program)}'`] : [])]
    return `${name}() {\n  _arguments -S ${specs.join(' \\\n    ')}\n}`
  }
  const commands = node.commands.map((each) => `'${each.name}:${quoted(each.description)}'`)
  const cases = node.commands.map((each) => `${each.name}) ${functionOf(each.path, program)} ;;`)
  return `${name}() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
    ${commands.join('\n    ')}
  )
  _arguments -C ${[...options, "'1: :->command'", "'*:: :->rest'"].join(' \\\n    ')}
  case $state in
    command) _describe 'command' commands ;;
    rest)
      case $line[1] in
        ${cases.join('\n        ')}
      esac ;;
  esac
}`
}

function functionOf(path: readonly string[], program: string): string {
  return `_${[program, ...path].join('_').replaceAll('-', '_')}`
}

function optionSpec({ names, description, values }: OptionNode): string {
  const taken = values === undefined ? '' : `: :${action(values)}`
  const body = `[${quoted(description).replaceAll(/[[\]]/g, '\\$&')}]${taken}'`
  const [only, second] = names
  if (second === undefined) return `'*${only}${body}`
  return `'*'{${names.join(',')}}'${body}`
}

function action(values: Values, program = 'longshore'): string {
  if (values.kind === 'choices') return `(${values.words.join(' ')})`
  return values.kind === 'files' ? '_files' : `_${program}__${values.kind}`
}

/** In single quotes, where a colon separates. */
function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(':', '\\:').replaceAll("'", "'\\''")
}
