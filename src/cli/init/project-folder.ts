import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import validatePackageName from 'validate-npm-package-name'
import { messageOf } from '../../base/errors.ts'
import { UsageError } from '../failures.ts'
import type { ProjectFiles } from './project-files.ts'

/** What a new project is called and where it goes. */
export interface ProjectPlace {
  /** Name of its npm package. */
  readonly name: string
  readonly folder: string
}

/** Finds the place of a project: a folder of its name, without its scope, or the current folder for `.`. Throws `UsageError`. */
export function placeOf(given: string): ProjectPlace {
  const isHere = given === '.'
  const name = isHere ? basename(resolve('.')) : given
  const { validForNewPackages, errors = [], warnings = [] } = validatePackageName(name)
  if (!validForNewPackages) {
    const what = isHere ? `the name of this folder, ${JSON.stringify(name)},` : JSON.stringify(name)
    const reasons = [...errors, ...warnings].join('; ')
    throw new UsageError(`expected ${what} to be a name for an npm package, e.g. my-service: ${reasons}`)
  }
  return { name, folder: isHere ? resolve('.') : resolve(name.replace(/^@[^/]*\//, '')) }
}

/**
 * Writes a project into a folder that is missing or empty (but for `.git`). All is written aside first and then moved into
 * place, so that a failure leaves what was there before. Throws `UsageError` when the folder holds anything.
 */
export async function writeProject(folder: string, files: ProjectFiles): Promise<void> {
  const made = await mkdir(folder, { recursive: true }).catch((failure) => {
    throw new UsageError(`${folder} cannot be made: ${messageOf(failure)}`)
  })
  try {
    await expectEmpty(folder)
    await moveIn(folder, files)
  } catch (failure) {
    if (made !== undefined) await rm(made, { recursive: true, force: true })
    throw failure
  }
}

async function expectEmpty(folder: string): Promise<void> {
  const found = (await readdir(folder)).filter((name) => name !== '.git')
  if (found.length === 0) return
  const shown = found.slice(0, 3).join(', ') + (found.length > 3 ? ', …' : '')
  throw new UsageError(`expected ${folder} to be empty, it holds ${shown}. Choose another name, or empty it`)
}

async function moveIn(folder: string, files: ProjectFiles): Promise<void> {
  const aside = await mkdtemp(join(folder, '.longshore-init-'))
  const moved: string[] = []
  try {
    for (const [name, text] of files) await writeFile(join(aside, name), text, { flush: true })
    for (const name of files.keys()) {
      await rename(join(aside, name), join(folder, name))
      moved.push(join(folder, name))
    }
  } catch (failure) {
    await Promise.all(moved.map((path) => rm(path, { force: true })))
    throw failure
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}
