import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import packageJson from 'longshore/package.json' with { type: 'json' }

/** Files of a new project: content by name. */
export type ProjectFiles = ReadonlyMap<string, string>

const TEMPLATE = join(import.meta.dirname, '../template')

/** npm leaves `.gitignore` out of a package or renames it, so files of this kind lie in the template without their dot. */
const DOTTED: ReadonlySet<string> = new Set(['gitignore', 'dockerignore', 'env.example'])

/** What the template calls the project. */
const PLACEHOLDER = 'project-name'

/** Makes the files of a project of this npm package name. */
export async function projectFiles(name: string): Promise<ProjectFiles> {
  const serviceName = serviceNameOf(name)
  const names = (await readdir(TEMPLATE)).sort()
  const files = names.map(async (file): Promise<[string, string]> => {
    const text = await readFile(join(TEMPLATE, file), 'utf8')
    return [DOTTED.has(file) ? `.${file}` : file, text.replaceAll(PLACEHOLDER, serviceName)]
  })
  return new Map([...(await Promise.all(files)), ['package.json', `${JSON.stringify(manifestOf(name), null, 2)}\n`]])
}

/** A package name may hold more than the name of a service, an image or a volume: its scope goes, so does what is no letter, digit or hyphen. */
function serviceNameOf(packageName: string): string {
  const name = packageName.replace(/^@[^/]*\//, '').replaceAll(/[^a-z0-9]+/g, '-')
  return name.replaceAll(/^-|-$/g, '') || 'service'
}

/** The versions are those this version of Longshore is made and tested with. */
function manifestOf(name: string): object {
  const { version, engines, devDependencies } = packageJson
  return {
    name,
    version: '0.1.0',
    private: true,
    type: 'module',
    engines,
    scripts: {
      start: 'longshore serve processor.ts',
      // Named, so that a Node that knows no TypeScript fails instead of finding no test.
      test: 'node --test "*.test.ts"',
      types: 'tsc',
    },
    dependencies: { longshore: `^${version}` },
    devDependencies: {
      '@longshore/client': `^${version}`,
      '@types/node': devDependencies['@types/node'],
      typescript: devDependencies.typescript,
    },
  }
}
