import { relative } from 'node:path'
import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { projectFiles } from '../init/project-files.ts'
import { placeOf, writeProject } from '../init/project-folder.ts'
import { type OutputOptions, withOutputOptions } from '../options.ts'
import { Output } from '../output.ts'

/** `longshore init NAME`: a new project that runs. */
export function initCommand(context: CliContext): Command {
  const command = new Command('init')
    .description('make a new project: a processor, its test, and all that it runs in')
    .argument('<name>', 'name of the npm package and of its new folder; . for the current folder')
    .addHelpText('after', '\nExample:\n  longshore init word-counter')
  return withOutputOptions(command).action(async (given: string, options: OutputOptions) => {
    const out = new Output(context.world, options)
    const { name, folder } = placeOf(given)
    const files = await projectFiles(name)
    await writeProject(folder, files)
    if (out.json) return out.printJson({ name, folder, files: [...files.keys()].sort() })
    out.print(`Made ${name} in ${folder}`)
    out.tell(nextSteps(relative('.', folder)))
  })
}

function nextSteps(folder: string): string {
  const steps = [
    ...(folder === '' ? [] : [`cd ${folder}`]),
    'npm install',
    'npm test',
    'npm start                                # the service, on http://127.0.0.1:8000',
    'npx longshore submit README.md --wait    # in another terminal: its first job',
  ]
  return `\nNext:\n${steps.map((step) => `  ${step}`).join('\n')}\n\nprocessor.ts is what it does; change it to what you want.`
}
