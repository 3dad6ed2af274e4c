import { allCommands, type CommandNode, type OptionNode, type Values } from './command-tree.ts'

/** The completion of a program for fish. */
export function fishCompletion(root: CommandNode): string {
  const nodes = allCommands(root)
  const paths = nodes.filter(({ path }) => path.length > 0).map(({ path }) => `'${path.join(' ')}'`)
  return `# fish completion of ${root.name}; \`${root.name} completion --help\` says where it goes.
function __${root.name}_at --description 'whether the words so far lead to this command'
  set -l reached
  for word in (commandline -opc)[2..]
    switch (string join ' ' -- $reached $word)
      case ${paths.join(' ')}
        set -a reached $word
    end
  end
  test "$reached" = "$argv[1]"
end

complete -c ${root.name} -f
${nodes.flatMap((node) => linesOf(node, root.name)).join('\n')}
`
}

function linesOf(node: CommandNode, program: string): string[] {
  const start = `complete -c ${program} -n '__${program}_at "${node.path.join(' ')}"'`
  const commands = node.commands.map(({ name, description }) => `${start} -a ${name} -d '${quoted(description)}'`)
  const options = node.options.map((option) => `${start} ${optionOf(option, program)}`)
  const values = node.commands.length === 0 && node.values ? [`${start} ${offer(node.values, program)}`] : []
  return [...commands, ...options, ...values]
}

function optionOf({ names, description, values }: OptionNode, program: string): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
  const taken = values === undefined ? [] : ['-r', offer(values, program)]
  return [...flags, ...taken, `-d '${quoted(description)}'`].join(' ')
}

function offer(values: Values, program: string): string {
  if (values.kind === 'choices') return `-a '${values.words.join(' ')}'`
  return values.kind === 'files' ? '-F' : `-a '(${program} completion-${values.kind} 2>/dev/null)'`
}

/** In single quotes. */
function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
}
