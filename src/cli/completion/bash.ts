import { allCommands, type CommandNode, type Values } from './command-tree.ts'

/** The completion of a program for bash. Where it has nothing to offer, bash completes files. */
export function bashCompletion(root: CommandNode): string {
  const nodes = allCommands(root)
  const paths = nodes.filter(({ path }) => path.length > 0).map(({ path }) => `'${path.join(' ')}'`)
  return `# bash completion of ${root.name}; \`${root.name} completion --help\` says where it goes.
_${root.name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} path='' i
  # bash makes three words of --option=value.
  if [[ $current == '=' ]]; then current=''; elif [[ $before == '=' ]]; then before=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
      ${paths.join(' | ')}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$path:$before" in
${nodes.flatMap(valueCases).join('\n')}
  esac
  case "$path" in
${nodes.map(wordCase).join('\n')}
  esac
}
complete -o bashdefault -o default -F _${root.name} ${root.name}
`
}

function valueCases({ path, options }: CommandNode): string[] {
  return options.flatMap(({ names, values }) => {
    if (values === undefined) return []
    const patterns = names.map((name) => `'${path.join(' ')}:${name}'`).join(' | ')
    return [`    ${patterns}) ${offer(values)}return ;;`]
  })
}

function wordCase({ path, options, commands, values }: CommandNode): string {
  const flags = options.flatMap(({ names }) => names).join(' ')
  const names = commands.map(({ name }) => name)
  const words = names.length > 0 ? offer({ kind: 'choices', words: names }) : values && offer(values)
  return `    '${path.join(' ')}')
      if [[ $current == -* ]]; then COMPREPLY=($(compgen -W '${flags}' -- "$current")); return; fi
      ${words || ':'} ;;`
}

/** Fills COMPREPLY; nothing is enough to have files. */
function offer(values: Values): string {
  if (values.kind === 'files') return ''
  const words = values.kind === 'choices' ? `'${values.words.join(' ')}'` : fromService(values.kind)
  return `COMPREPLY=($(compgen -W ${words} -- "$current")); `
}

function fromService(kind: 'jobs' | 'schedules'): string {
  return `"$(longshore completion-${kind} 2>/dev/null | cut -f 1)"`
}
